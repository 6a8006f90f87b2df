// The threads of the monitor: what each kind of message does to the entries, and whom it is handed to.

#include "reference/svm/mm/monitor.h"

#include <poll.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "reference/svm/core/arena.h"

namespace faultline::svm {
namespace {

constexpr std::size_t kBatch = 64;  // messages per read(2)

/// What the kernel has told must not be forgotten: where there is no memory to note it, it is waited for.
template <typename F>
void no_fail(F&& f) {
    for (;;) {
        try {
            return f();
        } catch (const std::bad_alloc&) {
            sched_yield();
        }
    }
}

}  // namespace

Monitor::Monitor(const Uffd& uffd, EntryTable& entries, MonitorClient& client)
    : uffd_(uffd), entries_(entries), client_(client), deferred_(&arena()), events_(&arena()), cpu_faults_(&arena()) {}

int Monitor::start(unsigned cpu_fault_workers) {
    stop_fd_ = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (stop_fd_ < 0) return -errno;
    int err = reader_.start(
        "faultline-uffd", [](void* m) { static_cast<Monitor*>(m)->read_loop(); }, this);
    if (err == 0)
        err = event_thread_.start(
            "faultline-event", [](void* m) { static_cast<Monitor*>(m)->event_loop(); }, this);
    for (unsigned i = 0; err == 0 && i < std::min(cpu_fault_workers, kMaxWorkers); ++i)
        err = workers_[i].start(
            "faultline-cpupf", [](void* m) { static_cast<Monitor*>(m)->cpu_fault_loop(); }, this);
    if (err != 0) stop();
    return err;
}

void Monitor::stop() {
    if (stop_fd_ < 0) return;
    stop_.store(true, std::memory_order_release);  // the loops read it where they found nothing to do
    const std::uint64_t one = 1;
    static_cast<void>(!::write(stop_fd_, &one, sizeof(one)));
    event_bell_.ring_all();
    cpu_fault_bell_.ring_all();
    reader_.join();
    event_thread_.join();
    for (ServiceThread& worker : workers_) worker.join();
    ::close(stop_fd_);
    stop_fd_ = -1;
}

MmCounters Monitor::counters() const {
    MmCounters counters;
    counters.cpu_faults = counts_.cpu_faults;
    counters.zero_fills = counts_.zero_fills;
    counters.unmap_events = counts_.unmap_events;
    counters.remove_events = counts_.remove_events;
    counters.remap_events = counts_.remap_events;
    return counters;
}

void Monitor::wait_for_events() const {
    while (uffd_.event_unread()) sched_yield();  // the reader is awake: it polls for them
    wait_for_reader();
}

void Monitor::sync() const {
    wait_for_events();
    // A difference, since the counts may wrap.
    const int target = events_read_.load();
    for (int done; (done = events_done_.load()) - target < 0;) events_done_.wait(done);
}

void Monitor::wait_for_cpu_faults() const {
    for (int open; (open = cpu_faults_open_.load()) != 0;) cpu_faults_open_.wait(open);
}

// The reader

void Monitor::read_loop() {
    pollfd fds[] = {{uffd_.fd(), POLLIN, 0}, {stop_fd_, POLLIN, 0}};
    while (!stop_.load(std::memory_order_acquire)) {
        // With faults put off, events must be waited for no longer than it takes the thread that unmaps to post them.
        ::poll(fds, 2, deferred_.empty() ? -1 : 1);
        read_messages();
    }
}

void Monitor::read_messages() {
    uffd_msg messages[kBatch];
    // Held from read to note: a holder of the lock finds the entries of all that was read. A writer goes first,
    // so a stream of migrations does not keep events out.
    WriteLock guard(map_changing_lock_);
    const std::size_t count = uffd_.read(messages);
    for (std::size_t i = 0; i < count; ++i) handle(messages[i]);
    std::erase_if(deferred_, [this](VirtAddr page) { return triage(page); });
}

void Monitor::handle(const uffd_msg& message) {
    switch (message.event) {
        case UFFD_EVENT_PAGEFAULT: {
            ++counts_.cpu_faults;
            const VirtAddr page = VirtAddr{message.arg.pagefault.address}.align_down(kPageSize);
            if (!triage(page)) no_fail([&] { deferred_.push_back(page); });
            break;
        }
        case UFFD_EVENT_UNMAP:
        case UFFD_EVENT_REMOVE: {
            const bool unmap = message.event == UFFD_EVENT_UNMAP;
            const Interval interval{{message.arg.remove.start}, {message.arg.remove.end}};
            ++(unmap ? counts_.unmap_events : counts_.remove_events);
            Event event{{interval, unmap ? MmuEvent::kUnmap : MmuEvent::kClear}, std::pmr::vector<Dropped>(&arena())};
            remove_entries(interval, unmap, event);
            queue_event(std::move(event));
            break;
        }
        case UFFD_EVENT_REMAP: {
            const VirtAddr from{message.arg.remap.from};
            const VirtAddr to{message.arg.remap.to};
            if (arena_owns({to, to + message.arg.remap.len})) break;  // Uffd::remap(): a migration takes its pages
            ++counts_.remap_events;
            Event event{{{from, from + message.arg.remap.len}, MmuEvent::kUnmap}, std::pmr::vector<Dropped>(&arena())};
            move_entries(from, to, message.arg.remap.len, event);
            queue_event(std::move(event));
            break;
        }
        default:
            break;  // no other event was asked for
    }
}

bool Monitor::triage(VirtAddr page) {
    EntryBlock* block = entries_.find(page);
    bool filled = false;
    if (block == nullptr) return fill(page, &filled);
    EntryState state;
    {
        MutexLock guard(block->lock);
        state = block->entries[block->index_of(page)].state;
        // Filled under the lock: a migration that marks the page after the look would take it out before the fill, and
        // the zeroes would hide what it took.
        if (state == EntryState::kSystem) {
            const bool done = fill(page, &filled);
            if (filled) block->discarded.reset(block->index_of(page));
            return done;
        }
    }
    if (state == EntryState::kDevice) {
        MutexLock guard(queue_lock_);
        no_fail([&]() FL_NO_THREAD_SAFETY_ANALYSIS { cpu_faults_.push_back(page); });
        cpu_faults_open_.fetch_add(1);
        cpu_fault_bell_.ring();
    }
    return true;  // migrating otherwise: the migration wakes all at its end
}

/// A page that was never touched, or discarded. False: an event is unread, which only this thread can change. *filled:
/// not there, until now.
bool Monitor::fill(VirtAddr page, bool* filled) {
    const int err = uffd_.zero_page(page);
    *filled = err == 0;
    if (err == 0)
        ++counts_.zero_fills;
    else if (err != -EAGAIN)
        uffd_.wake({page, page + kPageSize});  // there by now; or unmapped: let it fault again, and crash
    return err != -EAGAIN;
}

void Monitor::remove_entries(Interval interval, bool unregister, Event& event) {
    bool awaited = false;
    entries_.for_each(interval, [&](EntryBlock& block, Interval part) {
        MutexLock guard(block.lock);
        for (unsigned i = block.index_of(part.start); i < block.index_of(part.start) + part.pages(); ++i) {
            Entry& entry = block.entries[i];
            if (unregister) block.registered.reset(i);
            block.present.reset(i);
            block.discarded.set(i, !unregister && entry.state == EntryState::kSystem);
            if (entry.state == EntryState::kDevice) {
                if (event.dropped.empty() || event.dropped.back().folio != entry.folio)
                    no_fail([&] { event.dropped.push_back({entry.folio, 0}); });
                ++event.dropped.back().pages;
                entry = {};
            } else if (entry.state == EntryState::kMigrating && unregister) {
                entry.migration->pages[entry.index].at = {};
                entry = {};
                awaited = true;
            } else if (entry.state == EntryState::kMigrating) {
                entry.migration->pages[entry.index].discarded = true;
            }
        }
    });
    if (awaited) uffd_.wake(interval);  // the migration will not: let it fault again, and crash
}

/// mremap moved the VMA, and with it the pages that were present; entries follow, as the kernel's PTEs do.
void Monitor::move_entries(VirtAddr from, VirtAddr to, std::uint64_t size, Event& event) {
    remove_entries({to, to + size}, true, event);  // what stood there was unmapped by mremap itself
    for (std::uint64_t offset = 0; offset < size; offset += kPageSize) {
        EntryBlock* source = entries_.find(from + offset);
        if (source == nullptr) continue;
        Entry moved;
        {
            MutexLock guard(source->lock);
            const unsigned i = source->index_of(from + offset);
            if (!source->registered.test(i)) continue;
            source->registered.reset(i);
            source->present.reset(i);
            source->discarded.reset(i);
            std::swap(moved, source->entries[i]);
        }
        if (moved.state == EntryState::kMigrating) moved.migration->pages[moved.index].at = to + offset;
        EntryBlock* target = nullptr;
        while ((target = entries_.find_or_create(to + offset)) == nullptr) sched_yield();
        MutexLock guard(target->lock);
        const unsigned i = target->index_of(to + offset);
        target->registered.set(i);
        target->entries[i] = moved;
    }
    uffd_.wake({from, from + size});
}

void Monitor::queue_event(Event&& event) {
    {
        MutexLock guard(queue_lock_);
        no_fail([&]() FL_NO_THREAD_SAFETY_ANALYSIS { events_.push_back(std::move(event)); });
    }
    events_read_.fetch_add(1);
    event_bell_.ring();
}

// Events and CPU faults

void Monitor::event_loop() {
    for (;;) {
        const int seen = event_bell_.seen();
        Event event{{}, std::pmr::vector<Dropped>(&arena())};
        bool found = false;
        {
            MutexLock guard(queue_lock_);
            if (!events_.empty()) {
                event = std::move(events_.front());
                events_.pop_front();
                found = true;
            }
        }
        if (found) {
            client_.invalidate(event.range);
            for (const Dropped& dropped : event.dropped) dropped.folio->unmap(dropped.pages);
            events_done_.fetch_add(1);
            events_done_.notify_all();
        } else if (stop_.load(std::memory_order_acquire)) {
            return;
        } else {
            event_bell_.wait(seen);
        }
    }
}

void Monitor::cpu_fault_loop() {
    for (;;) {
        const int seen = cpu_fault_bell_.seen();
        VirtAddr page;
        {
            MutexLock guard(queue_lock_);
            if (!cpu_faults_.empty()) {
                page = cpu_faults_.front();
                cpu_faults_.pop_front();
            }
        }
        if (page.value != 0) {
            client_.cpu_fault(page);
            cpu_faults_open_.fetch_sub(1);
            cpu_faults_open_.notify_all();
        } else if (stop_.load(std::memory_order_acquire)) {
            return;
        } else {
            cpu_fault_bell_.wait(seen);
        }
    }
}

}  // namespace faultline::svm
