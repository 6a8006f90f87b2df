// An execution unit: hardware threads that each hold one work-group, a TLB, and a loop that runs whichever can go on.
//
// A work-group whose access faults posts the fault and steps aside; its EU runs another until the ack comes. The loop
// (run()) is a task of the EU's own oneTBB arena, so that one thread at a time runs it; it ends when no work-group is
// resident and none is to be had.
//
// What a model says takes time (a fault's report, an ack's way back, a foreign device's memory) makes the work-group
// wait for a deadline, and its EU run others meanwhile: an EU that is busy notices a deadline when its work-group steps
// aside.
//
// While a work-group runs, the EU is online (tlb.h) and touches arena memory only: the invalidator waits for it, and a
// page of the heap may be where that invalidator is about to move it from.
//
// Thread safety: wake_if_ready() and HardwareThread::ack() from any thread, neither blocks nor allocates; all else
// belongs to the thread that runs the EU. Ownership: the Eu owns its stacks and references to the dispatches it runs.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory_resource>
#include <vector>

#include "reference/gpu/counter.h"
#include "reference/gpu/dispatch.h"
#include "reference/gpu/fiber.h"
#include "reference/gpu/links.h"
#include "reference/gpu/tlb.h"
#include "reference/svm/xe/device.h"

namespace faultline::gpu {

class Eu;

/// One resident work-group.
class HardwareThread final : public svm::Faulter {
public:
    /// Any service thread: notes the result and makes the work-group runnable; see Eu::wake_if_ready().
    void ack(const svm::Pagefault& fault, int err) override;

private:
    friend class Eu;
    struct Item {
        Context context = nullptr;
        Stack stack;
        bool done = false;
    };
    static void main(Transfer from);
    static void item_main(Transfer from);
    void run_items();

    Eu* eu_ = nullptr;
    DispatchRecord* dispatch_ = nullptr;
    WorkGroupInfo group_{};
    Stack stack_;
    Context resume_ = nullptr;        ///< where the work-group goes on
    HardwareThread* next_ = nullptr;  ///< in a list of runnable ones
    Nanoseconds due_{0};              ///< until when it waits for nothing but time
    bool to_post_ = false;            ///< and then posts its fault; else runs
    std::byte* local_memory_ = nullptr;
    std::size_t local_capacity_ = 0;

    // The fault that it waits for.
    svm::Pagefault fault_;
    int err_ = 0;
    bool wait_for_monitor_ = false;
    std::uint64_t signal_page_ = 0;
    unsigned signal_count_ = 0;
    unsigned repeats_ = 0;  ///< how often this atomic has faulted again

    /// Other devices' memory that it has read or is writing: the last of each, in whole lines.
    struct Lines {
        std::array<svm::Interval, 4> last{};
        unsigned turn = 0;
    };
    Lines foreign_reads_;
    Lines foreign_writes_;

    // Kernels with barriers: a stack for each work-item; the work-group's own stack takes turns with them.
    std::pmr::vector<Item> items_{&svm::arena()};
    Context turn_ = nullptr;
    Item* item_ = nullptr;
};

/// Sums since creation.
struct EuCounters {
    Counter work_groups;
    Counter faults;
    Counter signals;  ///< accesses that the CPU's page table refused
    Counter sleeps;
};

/// What an EU's device is to it. All of it outlives the EU.
struct EuConfig {
    unsigned threads = 8;
    unsigned tile = 0;
    svm::Device& device;
    TlbShootdown& shootdown;
    ActiveDispatches& dispatches;
    Links* links = nullptr;  ///< null: no link has a speed of its own
    Nanoseconds fault_report{0};
    Nanoseconds ack{0};
};

class Eu final : public Tlb {
public:
    explicit Eu(const EuConfig& config);
    ~Eu();

    /// The task: returns when there is nothing to do. REQUIRES: begin() was true for this run.
    void run();
    /// Claims the right to start the task; false when it runs already (it is woken if it sleeps).
    bool begin();
    const EuCounters& counters() const { return counters_; }
    /// Wakes the EU where it sleeps although a work-group was acked. Any thread. Acks do not wake by themselves, so
    /// that a batch of them costs one system call.
    void wake_if_ready() {
        if (ready_.load(std::memory_order_seq_cst) != nullptr) wake_if_sleeping();
    }

    // -- Called on the EU's thread, from compiled code or its signal handler ------------------------------------------

    /// The EU that this thread runs, or null.
    static Eu* current();
    /// Host address of `va`; faults and waits as often as needed. The `size` bytes from `va` on lie in one page.
    std::uint64_t translate(std::uint64_t va, std::uint64_t size, svm::Access access);
    /// Private, local or constant memory of the running work-group, which is not translated.
    bool is_own_memory(std::uint64_t address) const;
    void barrier();
    /// The CPU refused an access to user memory (signal context). False: not an access of a kernel.
    bool handle_signal(std::uint64_t address, std::uint64_t instruction, bool write);

    /// Copies of the runtime to or from user memory, which may meet the same refusal, stand between these.
    void begin_user_access() { user_access_.store(true, std::memory_order_relaxed); }
    void end_user_access() { user_access_.store(false, std::memory_order_relaxed); }

private:
    friend class HardwareThread;
    enum class Outcome : std::uint8_t { kDone, kFault, kFailed, kWait };

    bool start(HardwareThread& thread);
    bool claim(WorkGroupInfo* group, DispatchRecord** from);
    void resume(HardwareThread& thread);
    void finish(HardwareThread& thread, bool failed);
    void report_fault(HardwareThread& thread);
    void post_fault(HardwareThread& thread);
    void serve_delayed();
    Nanoseconds next_due() const;
    unsigned modelled_owner(std::uint64_t host) const;
    bool access_foreign(std::uint64_t va, std::uint64_t size, unsigned owner, svm::Access access);
    void collect_ready();
    bool is_futile(const HardwareThread& thread);
    void append_runnable(HardwareThread* thread);
    void wait_for_ready();
    void wake_if_sleeping();
    void suspend(Outcome outcome);
    void fault(std::uint64_t va, svm::Access access, bool from_signal);

    const EuConfig config_;
    svm::Device& device_;
    ActiveDispatches& dispatches_;
    StackPool stacks_;
    std::pmr::vector<HardwareThread> threads_;
    HardwareThread* idle_ = nullptr;      ///< hardware threads without a work-group
    HardwareThread* runnable_ = nullptr;  ///< oldest first
    HardwareThread** runnable_end_ = &runnable_;
    unsigned resident_ = 0;
    std::pmr::vector<HardwareThread*> delayed_;  ///< those that wait for time; never more than threads_

    HardwareThread* running_ = nullptr;
    Context scheduler_ = nullptr;
    Outcome outcome_ = Outcome::kDone;
    std::atomic<bool> user_access_{false};
    std::uint32_t tlb_asid_ = 0;

    std::pmr::vector<DispatchRecord*> active_;  ///< copy of dispatches_ as of active_version_
    std::uint64_t active_version_ = 0;
    std::size_t turn_ = 0;
    EuCounters counters_;

    alignas(64) std::atomic<HardwareThread*> ready_{nullptr};  ///< acked, newest first
    std::atomic<std::uint32_t> sleeping_{0};
    std::atomic<std::uint32_t> active_task_{0};
};

}  // namespace faultline::gpu
