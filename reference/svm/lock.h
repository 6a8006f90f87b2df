// The core's locks: annotated for Clang's analysis, and ranked so that a debug build stops at the first lock taken out
// of order (the design's invariant 6).
//
// Thread safety: as std::mutex and std::shared_mutex; neither allocates. Debug builds
// (FAULTLINE_LOCKDEP) keep the held ranks of each thread and abort, naming both locks, when a lock is taken whose rank
// is not above every rank held. Locks of one rank may nest only where constructed with `nestable`.
#pragma once

#include <pthread.h>

#include <shared_mutex>

#include "base/thread_annotations.h"

namespace faultline::svm {

/// In the order in which they may be taken: vm.lock first, leaves last.
enum class LockRank : int {
    kVm = 10,                ///< xe_vm.lock
    kGarbageCollector = 20,  ///< xe_vm.svm.garbage_collector.lock
    kRange = 30,             ///< xe_svm_range.lock, xe_vma.fault_lock
    kDriverMigrate = 35,     ///< driver_migrate_lock, in xe_svm_alloc_vram()
    kMigrate = 37,           ///< one migration of an interval at a time (the page lock's part in the kernel)
    kVramReservation = 40,   ///< dma-resv of a VRAM allocation
    kRangeTree = 50,         ///< xe_vm.svm.range_lock
    kMmNotifiers = 60,       ///< the mm's interval tree of notifiers
    kNotifier = 70,          ///< drm_gpusvm.notifier_lock
    kQueue = 80,             ///< fault queues, garbage-collector list
    kLeaf = 90,              ///< entry blocks, VRAM: nothing but the arena is taken inside
    kArena = 100,            ///< the core's own memory, which may be allocated under any lock
};

#if defined(FAULTLINE_LOCKDEP)
void lockdep_acquire(LockRank rank, const char* name);
void lockdep_release(LockRank rank);
#else
inline void lockdep_acquire(LockRank, const char*) {}
inline void lockdep_release(LockRank) {}
#endif

class FL_CAPABILITY("mutex") Mutex {
public:
    constexpr Mutex(LockRank rank, const char* name) : rank_(rank), name_(name) {}
    Mutex(const Mutex&) = delete;
    Mutex& operator=(const Mutex&) = delete;

    void lock() FL_ACQUIRE() {
        lockdep_acquire(rank_, name_);
        pthread_mutex_lock(&mutex_);
    }
    bool try_lock() FL_TRY_ACQUIRE(true) {
        if (pthread_mutex_trylock(&mutex_) != 0) return false;
        lockdep_acquire(rank_, name_);
        return true;
    }
    void unlock() FL_RELEASE() {
        pthread_mutex_unlock(&mutex_);
        lockdep_release(rank_);
    }

private:
    // Spins before it sleeps, as the kernel's spinlocks and mutexes do: most are held for less than a system call
    // takes.
    pthread_mutex_t mutex_ = PTHREAD_ADAPTIVE_MUTEX_INITIALIZER_NP;
    LockRank rank_;
    const char* name_;
};

class FL_CAPABILITY("shared mutex") SharedMutex {
public:
    SharedMutex(LockRank rank, const char* name) : rank_(rank), name_(name) {}
    SharedMutex(const SharedMutex&) = delete;
    SharedMutex& operator=(const SharedMutex&) = delete;

    void lock() FL_ACQUIRE() {
        lockdep_acquire(rank_, name_);
        mutex_.lock();
    }
    void unlock() FL_RELEASE() {
        mutex_.unlock();
        lockdep_release(rank_);
    }
    void lock_shared() FL_ACQUIRE_SHARED() {
        lockdep_acquire(rank_, name_);
        mutex_.lock_shared();
    }
    void unlock_shared() FL_RELEASE_SHARED() {
        mutex_.unlock_shared();
        lockdep_release(rank_);
    }

private:
    std::shared_mutex mutex_;
    LockRank rank_;
    const char* name_;
};

class FL_SCOPED_CAPABILITY MutexLock {
public:
    explicit MutexLock(Mutex& mutex) FL_ACQUIRE(mutex) : mutex_(mutex) { mutex_.lock(); }
    ~MutexLock() FL_RELEASE() { mutex_.unlock(); }
    MutexLock(const MutexLock&) = delete;
    MutexLock& operator=(const MutexLock&) = delete;

private:
    Mutex& mutex_;
};

class FL_SCOPED_CAPABILITY WriteLock {
public:
    explicit WriteLock(SharedMutex& mutex) FL_ACQUIRE(mutex) : mutex_(mutex) { mutex_.lock(); }
    ~WriteLock() FL_RELEASE() { mutex_.unlock(); }
    WriteLock(const WriteLock&) = delete;
    WriteLock& operator=(const WriteLock&) = delete;

private:
    SharedMutex& mutex_;
};

class FL_SCOPED_CAPABILITY ReadLock {
public:
    explicit ReadLock(SharedMutex& mutex) FL_ACQUIRE_SHARED(mutex) : mutex_(mutex) { mutex_.lock_shared(); }
    ~ReadLock() FL_RELEASE_GENERIC() { mutex_.unlock_shared(); }
    ReadLock(const ReadLock&) = delete;
    ReadLock& operator=(const ReadLock&) = delete;

private:
    SharedMutex& mutex_;
};

}  // namespace faultline::svm
