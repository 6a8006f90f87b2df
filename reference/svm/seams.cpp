#include "reference/svm/seams.h"

#include <cstring>

namespace faultline::svm {

int InlineCopyEngine::copy(std::span<const CopyJob> jobs) {
    for (const CopyJob& job : jobs) {
        if (job.src == nullptr)
            std::memset(job.dst, 0, job.size.count);
        else
            std::memcpy(job.dst, job.src, job.size.count);
    }
    return 0;
}

}  // namespace faultline::svm
