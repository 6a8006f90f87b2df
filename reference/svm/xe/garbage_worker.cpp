// One thread, one list of VMs: each is in it at most once, with a reference.

#include "reference/svm/xe/garbage_worker.h"

namespace faultline::svm {

int GarbageWorker::start() {
    return thread_.start(
        "faultline-gc", [](void* self) { static_cast<GarbageWorker*>(self)->loop(); }, this);
}

GarbageWorker::~GarbageWorker() {
    stop_.store(true, std::memory_order_release);  // no VM is left to queue anything: see ~Device()
    bell_.ring();
    thread_.join();
}

void GarbageWorker::queue(Vm& vm) {
    {
        MutexLock guard(lock_);
        if (vm.is_linked()) return;
        vm.get();
        vms_.push_back(vm);
    }
    bell_.ring();
}

Ref<Vm> GarbageWorker::pop() {
    MutexLock guard(lock_);
    if (vms_.empty()) return {};
    Ref<Vm> vm = adopt(&vms_.front());  // the one that queue() took
    vms_.pop_front();
    return vm;
}

void GarbageWorker::loop() {
    for (;;) {
        const int seen = bell_.seen();
        if (const Ref<Vm> vm = pop()) {
            vm->garbage_collector_work();
        } else if (stop_.load(std::memory_order_acquire)) {
            return;
        } else {
            bell_.wait(seen);
        }
    }
}

}  // namespace faultline::svm
