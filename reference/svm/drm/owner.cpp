// Peers join the first owner that all of them can reach each other in.

#include "reference/svm/drm/owner.h"

#include <algorithm>
#include <cerrno>

#include "reference/svm/core/arena.h"

namespace faultline::svm {

int OwnerList::acquire(Peer& peer, HasInterconnect has_interconnect) {
    MutexLock guard(lock_);
    Owner* found = nullptr;
    for (Owner& owner : owners_) {
        if (std::ranges::all_of(owner.peers_, [&](const Peer& other) { return has_interconnect(peer, other); })) {
            found = &owner;
            break;
        }
    }
    if (found == nullptr) {
        found = make_arena<Owner>().release();
        if (found == nullptr) return -ENOMEM;
        owners_.push_back(*found);
    }
    found->peers_.push_back(peer);
    peer.owner_ = found;
    return 0;
}

void OwnerList::release(Peer& peer) {
    if (peer.owner_ == nullptr) return;
    MutexLock guard(lock_);
    Owner* owner = peer.owner_;
    owner->peers_.erase(owner->peers_.iterator_to(peer));
    peer.owner_ = nullptr;
    if (!owner->peers_.empty()) return;
    owners_.erase(owners_.iterator_to(*owner));
    arena_delete(owner);
}

OwnerList& owner_list() {
    static OwnerList list;
    return list;
}

}  // namespace faultline::svm
