#include "reference/gpu/eu_threads.h"

#include <hwloc.h>
#include <oneapi/tbb/global_control.h>
#include <oneapi/tbb/info.h>
#include <oneapi/tbb/task_arena.h>
#include <oneapi/tbb/task_group.h>
#include <oneapi/tbb/task_scheduler_observer.h>
#include <pthread.h>
#include <signal.h>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <optional>
#include <utility>

namespace faultline::gpu {
namespace {

svm::Interval own_stack() {
    pthread_attr_t attributes;
    svm::Interval stack;
    if (pthread_getattr_np(pthread_self(), &attributes) != 0) return stack;
    void* low = nullptr;
    std::size_t size = 0;
    pthread_attr_getstack(&attributes, &low, &size);
    pthread_attr_destroy(&attributes);
    stack.start = svm::VirtAddr::of(low).align_down(svm::kPageSize);
    stack.end = (svm::VirtAddr::of(low) + size).align_up(svm::kPageSize);
    return stack;
}

std::uint64_t next_serial() {
    static std::atomic<std::uint64_t> serial{0};
    return ++serial;
}

/// Only the signals that an EU's own accesses raise; and no alternate stack, for suspended handlers stay on the
/// fibers'.
class EuSignals {
public:
    EuSignals() {
        sigset_t mask;
        sigfillset(&mask);
        sigdelset(&mask, SIGSEGV);
        sigdelset(&mask, SIGBUS);
        pthread_sigmask(SIG_SETMASK, &mask, &before_);
        stack_t none{};
        none.ss_flags = SS_DISABLE;
        sigaltstack(&none, &stack_before_);
    }
    ~EuSignals() {
        if ((stack_before_.ss_flags & SS_DISABLE) == 0) sigaltstack(&stack_before_, nullptr);
        pthread_sigmask(SIG_SETMASK, &before_, nullptr);
    }

private:
    sigset_t before_;
    stack_t stack_before_{};
};

}  // namespace

struct EuThreads::Binding {
    /// As many workers as there are EUs in the process, however many processors. oneTBB counts the workers of all
    /// arenas together, and of several limits takes the least, so that the EUs of all devices have one.
    class Workers {
    public:
        explicit Workers(std::size_t eus) : eus_(eus) { change(eus_, 0); }
        ~Workers() { change(0, eus_); }
        Workers(const Workers&) = delete;
        Workers& operator=(const Workers&) = delete;

    private:
        static void change(std::size_t more, std::size_t less) {
            static std::mutex lock;
            static std::size_t eus = 0;
            static std::unique_ptr<tbb::global_control> limit;
            const std::lock_guard guard(lock);
            eus += more - less;
            const auto processors = static_cast<std::size_t>(tbb::info::default_concurrency());
            auto next = eus == 0 ? nullptr
                                 : std::make_unique<tbb::global_control>(tbb::global_control::max_allowed_parallelism,
                                                                         std::max(processors, eus + 1));
            limit = std::move(next);
        }

        const std::size_t eus_;
    };

    hwloc_topology_t topology = nullptr;
    bool pins = false;
    std::uint64_t serial = next_serial();
    Workers threads;

    Binding(std::size_t eus, unsigned service_threads) : threads(eus) {
        if (hwloc_topology_init(&topology) != 0) {
            topology = nullptr;
            return;
        }
        if (hwloc_topology_load(topology) != 0) return;
        auto processors = static_cast<std::size_t>(std::max(0, hwloc_get_nbobjs_by_type(topology, HWLOC_OBJ_PU)));
        pins = processors >= eus + service_threads;
    }
    ~Binding() {
        if (topology != nullptr) hwloc_topology_destroy(topology);
    }
};

struct EuThreads::Worker {
    struct Observer final : tbb::task_scheduler_observer {
        Worker& worker;
        Observer(tbb::task_arena& arena, Worker& w) : tbb::task_scheduler_observer(arena), worker(w) { observe(true); }
        ~Observer() override { observe(false); }
        void on_scheduler_entry(bool) override { worker.enter(); }
    };

    Eu& eu;
    svm::Mm& mm;
    const Binding& binding;
    unsigned processor;
    tbb::task_arena arena{1, /*reserved_for_masters=*/0};
    tbb::task_group tasks;
    std::optional<Observer> observer;

    Worker(Eu& the_eu, svm::Mm& the_mm, const Binding& the_binding, unsigned the_processor)
        : eu(the_eu), mm(the_mm), binding(the_binding), processor(the_processor) {
        arena.initialize();
        observer.emplace(arena, *this);
    }
    ~Worker() { tasks.wait(); }

    void enter() {
        // Where the static thread-local storage is, too. Once a thread and Gpu: exclusion is for good.
        static thread_local std::uint64_t excluded_for = 0;
        if (excluded_for != binding.serial) mm.exclude(own_stack());
        excluded_for = binding.serial;
        if (!binding.pins) return;
        hwloc_obj_t unit = hwloc_get_obj_by_type(binding.topology, HWLOC_OBJ_PU, processor);
        if (unit != nullptr) hwloc_set_cpubind(binding.topology, unit->cpuset, HWLOC_CPUBIND_THREAD);
    }

    void start() {
        arena.enqueue(tasks.defer([this] {
            EuSignals signals;
            eu.run();
        }));
    }
};

EuThreads::EuThreads(std::span<Eu* const> eus, svm::Mm& mm, unsigned service_threads)
    : binding_(std::make_unique<Binding>(eus.size(), service_threads)) {
    for (Eu* eu : eus) {
        workers_.push_back(std::make_unique<Worker>(*eu, mm, *binding_, static_cast<unsigned>(workers_.size())));
    }
}

EuThreads::~EuThreads() = default;

bool EuThreads::start(std::size_t index) {
    Worker& worker = *workers_[index];
    if (!worker.eu.begin()) return false;
    worker.start();
    return true;
}

}  // namespace faultline::gpu
