// Who may reach whose device pages: owners and their peers (drm_pagemap_owner, drm_pagemap_peer).
//
// A pagemap and a VM are peers. Peers share an owner when every one of them has a fast interconnect with every other;
// pages of one's owner are mapped and migrated directly, those of others go through system memory. Thread safety: all
// functions. Ownership: the list owns its owners, which live as long as they have peers; a peer that acquired releases.
// Invariant: any two peers of an owner have an interconnect.
#pragma once

#include <boost/intrusive/list.hpp>

#include "reference/svm/core/lock.h"
#include "reference/svm/drm/drm_device.h"

namespace faultline::svm {

class Owner;

/// struct drm_pagemap_peer: embedded in a pagemap or a VM, of this device.
class Peer : public boost::intrusive::list_base_hook<> {
public:
    explicit Peer(const DrmDevice& of) : device(of) {}

    const DrmDevice& device;
    /// Identity of the owner (dev_pagemap.owner); null before acquire().
    const Owner* owner() const { return owner_; }

private:
    friend class OwnerList;
    Owner* owner_ = nullptr;
};

/// struct drm_pagemap_owner.
class Owner : public boost::intrusive::list_base_hook<> {
private:
    friend class OwnerList;
    boost::intrusive::list<Peer> peers_;
};

using HasInterconnect = bool (*)(const Peer&, const Peer&);

/// DRM_PAGEMAP_OWNER_LIST_DEFINE.
class OwnerList {
public:
    /// drm_pagemap_acquire_owner(): joins the first owner all of whose peers have an interconnect with this one, or
    /// makes one. 0 or -ENOMEM.
    int acquire(Peer& peer, HasInterconnect has_interconnect);
    /// drm_pagemap_release_owner().
    void release(Peer& peer);

private:
    Mutex lock_{LockRank::kLeaf, "pagemap.owners"};
    boost::intrusive::list<Owner> owners_ FL_GUARDED_BY(lock_);
};

/// The list that all devices of the process share (xe_owner_list).
OwnerList& owner_list();

}  // namespace faultline::svm
