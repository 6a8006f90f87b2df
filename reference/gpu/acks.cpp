#include "reference/gpu/acks.h"

#include "reference/gpu/eu.h"
#include "reference/svm/xe/pagefault.h"

namespace faultline::gpu {

void EuAcks::write(const svm::Pagefault& fault, int err) { fault.faulter->ack(fault, err); }

void EuAcks::flush() {
    for (Eu* eu : eus_) eu->wake_if_ready();
}

}  // namespace faultline::gpu
