// The stand-ins for hardware that tests of the core alone use.

#include "reference/svm/core/seams.h"

#include <cstring>

namespace faultline::svm {
namespace {

// Hardware reads and writes the bytes that are there, while others may too: sanitizers have no say in it.
void move_bytes(void* dst, const void* src, std::size_t size) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    asm volatile("rep movsb" : "+D"(dst), "+S"(src), "+c"(size) : : "memory");
#else
    std::memcpy(dst, src, size);
#endif
}

}  // namespace

int InlineCopyEngine::copy(std::span<const CopyJob> jobs) {
    for (const CopyJob& job : jobs) {
        if (job.src == nullptr)
            std::memset(job.dst, 0, job.size.count);
        else
            move_bytes(job.dst, job.src, job.size.count);
    }
    return 0;
}

}  // namespace faultline::svm
