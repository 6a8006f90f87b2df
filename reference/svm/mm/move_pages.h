// UFFDIO_MOVE as migrations need it: every page that is there is moved, and counted.
//
// Private to reference/svm. Thread safety: from any thread. Does not allocate.
#pragma once

#include <cstdint>

#include "reference/svm/mm/cpu_vma.h"
#include "reference/svm/mm/uffd.h"

namespace faultline::svm {

/// Moves what is present of up to 2 MiB to where nothing is; absent pages are skipped. Nobody is woken. Returns the
/// bytes done, from the front, and *err: 0, or why the rest was not done, as Uffd::move() has it. REQUIRES: both
/// places' pages are the caller's migration's, and Monitor::map_changing_lock() is held.
std::uint64_t move_pages(const Uffd& uffd, const CpuVmas& vmas, VirtAddr dst, VirtAddr src, std::uint64_t size,
                         int* err);

}  // namespace faultline::svm
