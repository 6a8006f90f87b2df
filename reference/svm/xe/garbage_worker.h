// The thread that collects unmapped ranges of a device's VMs (the garbage collector's work on pf_wq).
//
// Apart from the fault queues, which a change of policy makes anew: unmaps are told at any time. Thread safety: queue()
// from any thread. Ownership: holds a reference to a VM from queue() until its work is done.
#pragma once

#include <atomic>
#include <boost/intrusive/list.hpp>

#include "reference/svm/core/bell.h"
#include "reference/svm/core/lock.h"
#include "reference/svm/core/service_thread.h"
#include "reference/svm/xe/vm.h"

namespace faultline::svm {

class GarbageWorker {
public:
    /// 0, or -errno when the thread could not be started. REQUIRES: once.
    int start();
    /// Finishes what is queued.
    ~GarbageWorker();

    /// queue_work(pf_wq, &vm->svm.garbage_collector.work): nothing where it is queued already.
    void queue(Vm& vm);

private:
    Ref<Vm> pop();
    void loop();

    Mutex lock_{LockRank::kQueue, "pf_wq.garbage"};
    boost::intrusive::list<Vm> vms_ FL_GUARDED_BY(lock_);
    Bell bell_;
    std::atomic<bool> stop_{false};
    ServiceThread thread_;
};

}  // namespace faultline::svm
