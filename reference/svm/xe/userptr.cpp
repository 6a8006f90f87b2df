// The two ways by which a userptr's pages change: pinned by a fault, dropped by an invalidation.

#include "reference/svm/xe/userptr.h"

#include "reference/svm/drm/gpusvm.h"

namespace faultline::svm {

int Userptr::pin_pages() {
    PagesContext ctx;
    ctx.read_only = vma_.flags.read_only;
    ctx.allow_mixed = true;
    ctx.device_private_owner = nullptr;  // no device-private page is allowed: all come to system memory
    return pages_.get(gpusvm_, *this, cpu_, ctx);
}

void Userptr::invalidate(const MmuRange&, std::uint64_t seq) {
    WriteLock lock(gpusvm_.notifier_lock());
    set_seq(seq);
    owner_.userptr_invalidate(vma_);
    pages_.unmap_in_notifier();
}

}  // namespace faultline::svm
