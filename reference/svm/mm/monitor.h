// The threads that watch the address space: they read userfaultfd messages, serve CPU faults, and tell about unmaps.
//
// There are three kinds of thread, because they may wait for different things:
//
// 1. The reader waits for nothing but messages. It fills never-touched pages at once, and brings the entry table up to
//    date for unmaps, discards and remaps before it looks at the next message.
//
// 2. CPU-fault workers migrate pages back, and may wait for EUs and copy engines.
//
// 3. The event thread tells notifiers, in order, and may wait for EUs; then it frees the device pages that went.
//
// An EU blocked on a CPU fault of a system page thus never waits for a thread that waits for EUs.
//
// Thread safety: all functions from any thread. Ownership: refers to descriptor, entries and client, which outlive it.
#pragma once

#include <array>
#include <atomic>
#include <deque>
#include <memory_resource>
#include <vector>

#include "reference/svm/core/bell.h"
#include "reference/svm/core/lock.h"
#include "reference/svm/core/service_thread.h"
#include "reference/svm/mm/entries.h"
#include "reference/svm/mm/mm.h"
#include "reference/svm/mm/uffd.h"

namespace faultline::svm {

/// What the monitor's threads have done by the rest of the mm.
class MonitorClient {
public:
    virtual ~MonitorClient() = default;
    /// A CPU touched a device page (the page may have come back since): brings it back and wakes the threads that wait.
    virtual void cpu_fault(VirtAddr page) = 0;
    /// Tells the notifiers.
    virtual void invalidate(const MmuRange& range) = 0;
};

class Monitor {
public:
    Monitor(const Uffd& uffd, EntryTable& entries, MonitorClient& client);
    ~Monitor() { stop(); }

    /// 0, or -errno when a thread could not be started (those that were are stopped).
    int start(unsigned cpu_fault_workers);
    void stop();

    /// Held shared by a thread that moves or fills pages (userfaultfd_ctx.map_changing_lock): nothing is read from
    /// userfaultfd meanwhile, and what was read has been noted in the entries. So no unmap, discard or remap that is
    /// not noted has returned to its caller, and the ioctls that move or fill answer -EAGAIN while one is under way:
    /// what they do under this lock is done to the very mapping that the entries tell of. REQUIRES: no missing page is
    /// touched meanwhile, and nothing is done that makes an event.
    SharedMutex& map_changing_lock() const { return map_changing_lock_; }
    /// What the reader has read by now has been handled when it returns.
    void wait_for_reader() const { ReadLock guard(map_changing_lock_); }
    /// So has every unmap, discard and remap that had begun.
    void wait_for_events() const;
    /// Mm::sync().
    void sync() const;
    /// CPU faults that were read have been served: the thread that faulted may go on before the last of it is done.
    void wait_for_cpu_faults() const;
    MmCounters counters() const;

private:
    /// Device pages that an event took out of the table; their references are dropped once no EU uses them any more.
    struct Dropped {
        DeviceFolio* folio;
        unsigned pages;
    };
    struct Event {
        MmuRange range;
        std::pmr::vector<Dropped> dropped;
    };

    static constexpr unsigned kMaxWorkers = 8;

    void read_messages();
    void handle(const uffd_msg& message);
    /// True when the fault is somebody's now; false when it must be looked at again after the next read.
    bool triage(VirtAddr page);
    bool fill(VirtAddr page, bool* filled);
    void remove_entries(Interval interval, bool unregister, Event& event);
    void move_entries(VirtAddr from, VirtAddr to, std::uint64_t size, Event& event);
    void queue_event(Event&& event);

    void read_loop();
    void event_loop();
    void cpu_fault_loop();

    const Uffd& uffd_;
    EntryTable& entries_;
    MonitorClient& client_;

    std::atomic<bool> stop_{false};
    int stop_fd_ = -1;
    ServiceThread reader_;
    ServiceThread event_thread_;
    std::array<ServiceThread, kMaxWorkers> workers_;

    mutable SharedMutex map_changing_lock_{LockRank::kMapChanging, "mm.map_changing_lock", Prefer::kWriters};
    std::pmr::vector<VirtAddr> deferred_;  // the reader's own: faults to look at again

    Mutex queue_lock_{LockRank::kQueue, "mm.monitor.queue"};
    std::pmr::deque<Event> events_ FL_GUARDED_BY(queue_lock_);
    std::pmr::deque<VirtAddr> cpu_faults_ FL_GUARDED_BY(queue_lock_);
    Bell event_bell_;
    Bell cpu_fault_bell_;
    std::atomic<int> events_read_{0};
    std::atomic<int> events_done_{0};
    std::atomic<int> cpu_faults_open_{0};

    struct {
        std::atomic<std::uint64_t> cpu_faults{0};
        std::atomic<std::uint64_t> zero_fills{0};
        std::atomic<std::uint64_t> unmap_events{0};
        std::atomic<std::uint64_t> remove_events{0};
        std::atomic<std::uint64_t> remap_events{0};
    } counts_;
};

}  // namespace faultline::svm
