// Faults for the tests of their queues.
#pragma once

#include "reference/svm/xe/pagefault.h"

namespace faultline::svm::test {

inline Pagefault fault_at(std::uint64_t page, Access access = Access::kRead, std::uint32_t asid = 1) {
    Pagefault fault;
    fault.page_addr = {kSize2M + page * kPageSize};
    fault.access = access;
    fault.asid = asid;
    return fault;
}

}  // namespace faultline::svm::test
