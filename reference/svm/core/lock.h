// The core's locks: annotated for Clang's analysis, and ranked so that a debug build stops at the first lock taken out
// of order (the design's invariant 6).
//
// Thread safety: as pthread's mutexes and read-write locks; none allocates. Debug builds (FAULTLINE_LOCKDEP) keep what
// each thread holds and where it took it, and abort, with both stacks, when a lock is taken whose rank is not above
// every rank held. A try_lock() cannot deadlock and may be of any rank.
#pragma once

#include <pthread.h>

#include <cstdint>

#include "base/thread_annotations.h"

namespace faultline::svm {

/// In the order in which they may be taken: vm.lock first, leaves last.
enum class LockRank : int {
    kVm = 10,                ///< xe_vm.lock
    kGarbageCollector = 20,  ///< xe_vm.svm.garbage_collector.lock
    kRange = 30,             ///< xe_svm_range.lock, xe_vma.fault_lock
    kDriverMigrate = 35,     ///< driver_migrate_lock, in xe_svm_alloc_vram()
    kBo = 36,                ///< dma-resv of a buffer; making room for it migrates
    kMigrate = 37,           ///< one migration of an interval at a time (the page lock's part in the kernel)
    kVmReservation = 40,     ///< dma-resv of a VM
    kRangeTree = 50,         ///< xe_vm.svm.range_lock
    kMmNotifiers = 60,       ///< the mm's interval tree of notifiers
    kNotifier = 70,          ///< drm_gpusvm.notifier_lock
    kMapChanging = 75,       ///< shared: nothing is read from userfaultfd, so no mapping changes unnoticed
    kQueue = 80,             ///< fault queues, garbage-collector list
    kLeaf = 90,              ///< entry blocks, VRAM: nothing but the arena is taken inside
    kArena = 100,            ///< the core's own memory, which may be allocated under any lock
};

#if defined(FAULTLINE_LOCKDEP)
void lockdep_acquire(const void* lock, LockRank rank, const char* name);
void lockdep_acquired_by_try(const void* lock, LockRank rank, const char* name);
void lockdep_release(const void* lock);
#else
inline void lockdep_acquire(const void*, LockRank, const char*) {}
inline void lockdep_acquired_by_try(const void*, LockRank, const char*) {}
inline void lockdep_release(const void*) {}
#endif

class FL_CAPABILITY("mutex") Mutex {
public:
    constexpr Mutex(LockRank rank, const char* name) : rank_(rank), name_(name) {}
    Mutex(const Mutex&) = delete;
    Mutex& operator=(const Mutex&) = delete;

    void lock() FL_ACQUIRE() {
        lockdep_acquire(this, rank_, name_);
        pthread_mutex_lock(&mutex_);
    }
    bool try_lock() FL_TRY_ACQUIRE(true) {
        if (pthread_mutex_trylock(&mutex_) != 0) return false;
        lockdep_acquired_by_try(this, rank_, name_);
        return true;
    }
    void unlock() FL_RELEASE() {
        pthread_mutex_unlock(&mutex_);
        lockdep_release(this);
    }

private:
    // Spins before it sleeps, as the kernel's spinlocks and mutexes do: most are held for less than a system call
    // takes.
    pthread_mutex_t mutex_ = PTHREAD_ADAPTIVE_MUTEX_INITIALIZER_NP;
    LockRank rank_;
    const char* name_;
};

/// Whom a read-write lock lets in first when both wait.
enum class Prefer : std::uint8_t {
    kReaders,  ///< a reader may come while another reads, even if a writer waits: readers may depend on each other
    kWriters,  ///< a writer that waits goes before new readers, as with the kernel's rwsem
};

class FL_CAPABILITY("shared mutex") SharedMutex {
public:
    SharedMutex(LockRank rank, const char* name, Prefer prefer = Prefer::kReaders) : rank_(rank), name_(name) {
        pthread_rwlockattr_t attributes;
        pthread_rwlockattr_init(&attributes);
        if (prefer == Prefer::kWriters)
            pthread_rwlockattr_setkind_np(&attributes, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
        pthread_rwlock_init(&lock_, &attributes);
        pthread_rwlockattr_destroy(&attributes);
    }
    ~SharedMutex() { pthread_rwlock_destroy(&lock_); }
    SharedMutex(const SharedMutex&) = delete;
    SharedMutex& operator=(const SharedMutex&) = delete;

    void lock() FL_ACQUIRE() {
        lockdep_acquire(this, rank_, name_);
        pthread_rwlock_wrlock(&lock_);
    }
    void unlock() FL_RELEASE() { release(); }
    void lock_shared() FL_ACQUIRE_SHARED() {
        lockdep_acquire(this, rank_, name_);
        pthread_rwlock_rdlock(&lock_);
    }
    void unlock_shared() FL_RELEASE_SHARED() { release(); }

private:
    void release() {
        pthread_rwlock_unlock(&lock_);
        lockdep_release(this);
    }

    pthread_rwlock_t lock_;
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

/// For reading; for writing where the policy wants its holder to be alone. What it guards may be read in either case
/// and changed in neither.
class FL_SCOPED_CAPABILITY ReadOrWriteLock {
public:
    ReadOrWriteLock(SharedMutex& mutex, bool write) FL_ACQUIRE_SHARED(mutex) FL_NO_THREAD_SAFETY_ANALYSIS
        : mutex_(mutex),
          write_(write) {
        write ? mutex_.lock() : mutex_.lock_shared();
    }
    ~ReadOrWriteLock() FL_RELEASE_GENERIC() FL_NO_THREAD_SAFETY_ANALYSIS {
        write_ ? mutex_.unlock() : mutex_.unlock_shared();
    }
    ReadOrWriteLock(const ReadOrWriteLock&) = delete;
    ReadOrWriteLock& operator=(const ReadOrWriteLock&) = delete;

private:
    SharedMutex& mutex_;
    const bool write_;
};

}  // namespace faultline::svm
