// CPU VMAs by ioctl where the kernel has it, else from the text of /proc/self/maps; and what must never migrate.

#include "reference/svm/mm/cpu_vma.h"

#include <fcntl.h>
#include <link.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <string_view>

#include "reference/svm/core/arena.h"
#include "reference/svm/mm/uapi.h"

namespace faultline::svm {

CpuVmas::CpuVmas() : excluded_(&arena()) {}

CpuVmas::~CpuVmas() {
    if (maps_ >= 0) ::close(maps_);
    if (pagemap_ >= 0) ::close(pagemap_);
}

int CpuVmas::open() {
    maps_ = ::open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
    if (maps_ < 0) return -errno;
    pagemap_ = ::open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
    return pagemap_ >= 0 ? 0 : -errno;
}

bool CpuVmas::is_huge(Interval interval) const {
    uapi::PageRegion region{};
    uapi::PmScanArg scan{};
    scan.size = sizeof(scan);
    scan.start = interval.start.value;
    scan.end = interval.end.value;
    scan.vec = reinterpret_cast<std::uint64_t>(&region);
    scan.vec_len = 1;
    scan.max_pages = 1;
    scan.category_mask = uapi::kPageIsHuge;
    scan.return_mask = uapi::kPageIsHuge;
    return ::ioctl(pagemap_, uapi::kPagemapScan, &scan) > 0;
}

int CpuVmas::populated(Interval interval, std::span<unsigned char> pages) const {
    const std::span<unsigned char> wanted = pages.first(interval.pages());
    if (::mincore(interval.start.ptr(), interval.size(), wanted.data()) != 0) return -EIO;
    // mincore() calls a page in swap absent; the pagemap tells the two apart, 10 us for 512 pages.
    std::array<std::uint64_t, kSize2M / kPageSize> entries;
    for (std::size_t i = 0; i < wanted.size();) {
        const std::size_t first = i;
        while (i < wanted.size() && i - first < entries.size() && (wanted[i] & 1) == 0) ++i;
        if (i == first) {
            ++i;
            continue;
        }
        const auto at = static_cast<off_t>((interval.start.value / kPageSize + first) * sizeof(entries[0]));
        const std::size_t bytes = (i - first) * sizeof(entries[0]);
        if (::pread(pagemap_, entries.data(), bytes, at) != static_cast<ssize_t>(bytes)) return -EIO;
        constexpr std::uint64_t kSwapped = 1ull << 62;
        for (std::size_t j = first; j < i; ++j) wanted[j] = (entries[j - first] & kSwapped) != 0;
    }
    return 0;
}

int CpuVmas::lookup(VirtAddr addr, Lookup how, CpuVma* vma) const {
    int err = -ENOTTY;
    // Relaxed: a hint. A thread that misses it asks the kernel once more.
    if (has_query_.load(std::memory_order_relaxed)) {
        err = lookup_by_query(addr, how, vma);
        if (err == -ENOTTY) has_query_.store(false, std::memory_order_relaxed);
    }
    if (err == -ENOTTY) err = lookup_by_text(addr, how, vma);
    return err;
}

int CpuVmas::lookup_by_query(VirtAddr addr, Lookup how, CpuVma* vma) const {
    char name[16] = {};
    uapi::ProcmapQuery query{};
    query.size = sizeof(query);
    query.query_flags = how == Lookup::kCoveringOrNext ? uapi::kProcmapCoveringOrNextVma : 0;
    query.query_addr = addr.value;
    query.vma_name_addr = reinterpret_cast<std::uint64_t>(name);
    query.vma_name_size = sizeof(name);
    if (::ioctl(maps_, uapi::kProcmapQuery, &query) != 0) {
        if (errno == ENAMETOOLONG) {  // a file's path: not anonymous
            query.vma_name_addr = query.vma_name_size = 0;
            if (::ioctl(maps_, uapi::kProcmapQuery, &query) != 0) return -errno;
        } else {
            return errno == ENOENT || errno == ESRCH ? -ENOENT : -ENOTTY;
        }
    }
    vma->interval = {{query.vma_start}, {query.vma_end}};
    vma->readable = (query.vma_flags & uapi::kProcmapVmaReadable) != 0;
    vma->writable = (query.vma_flags & uapi::kProcmapVmaWritable) != 0;
    vma->anonymous =
        query.inode == 0 && (query.vma_flags & uapi::kProcmapVmaShared) == 0 && query.vma_page_size == kPageSize;
    const bool executable = (query.vma_flags & uapi::kProcmapVmaExecutable) != 0;
    vma->migratable = vma->anonymous && vma->readable && vma->writable && !executable &&
                      std::strncmp(name, "[stack]", sizeof(name)) != 0;
    return 0;
}

int CpuVmas::lookup_by_text(VirtAddr addr, Lookup how, CpuVma* vma) const {
    const int fd = ::open("/proc/self/maps", O_RDONLY | O_CLOEXEC);  // each reader needs a position of its own
    if (fd < 0) return -ENOENT;
    char buffer[4096];
    std::size_t held = 0;
    int err = -ENOENT;
    for (ssize_t n; err == -ENOENT && (n = ::read(fd, buffer + held, sizeof(buffer) - held)) > 0;) {
        std::string_view text(buffer, held + static_cast<std::size_t>(n));
        for (std::size_t eol; (eol = text.find('\n')) != std::string_view::npos; text.remove_prefix(eol + 1)) {
            // start-end rwxp offset dev inode name
            const std::string_view line = text.substr(0, eol);
            std::uint64_t start = 0;
            std::uint64_t end = 0;
            const char* last = line.data() + line.size();
            const char* p = std::from_chars(line.data(), last, start, 16).ptr + 1;
            p = std::from_chars(p, last, end, 16).ptr + 1;
            if (addr.value >= end || (addr.value < start && how == Lookup::kCovering)) continue;
            const std::string_view rest(p, static_cast<std::size_t>(last - p));
            vma->interval = {{start}, {end}};
            vma->readable = rest[0] == 'r';
            vma->writable = rest[1] == 'w';
            vma->anonymous = rest[3] == 'p' && rest.find(" 00:00 0") != std::string_view::npos;
            vma->migratable = vma->anonymous && vma->readable && vma->writable && rest[2] != 'x' &&
                              rest.find("[stack]") == std::string_view::npos;
            err = 0;
            break;
        }
        held = text.size();
        std::memmove(buffer, text.data(), held);
    }
    ::close(fd);
    return err;
}

bool CpuVmas::excluded(Interval interval) const {
    ReadLock guard(lock_);
    for (const Interval& e : excluded_)
        if (e.overlaps(interval)) return true;
    return false;
}

bool CpuVmas::migratable(Interval interval) const { return !arena_owns(interval) && !excluded(interval); }

Interval CpuVmas::whole_pages(Interval interval) {
    return {interval.start.align_down(kPageSize), interval.end.align_up(kPageSize)};
}

void CpuVmas::exclude(Interval interval) {
    const Interval pages = whole_pages(interval);
    WriteLock guard(lock_);
    for (const Interval& e : excluded_)
        if (e.contains(pages)) return;
    excluded_.push_back(pages);
}

void CpuVmas::readmit(Interval interval) {
    WriteLock guard(lock_);
    std::erase(excluded_, whole_pages(interval));
}

bool CpuVmas::straddles(Interval interval) const {
    ReadLock guard(lock_);
    for (const Interval& e : excluded_)
        if (e.overlaps(interval) && !e.contains(interval)) return true;
    return false;
}

void CpuVmas::refresh_images() {
    struct Context {
        CpuVmas* self;
        unsigned long long adds = 0;
        bool fresh = false;
    } context{this};
    ::dl_iterate_phdr(
        [](dl_phdr_info* info, std::size_t, void* data) {
            auto& c = *static_cast<Context*>(data);
            c.adds = info->dlpi_adds;
            if (!c.fresh && info->dlpi_adds == c.self->images_seen_) return 1;  // nothing was loaded since
            c.fresh = true;
            for (int i = 0; i < info->dlpi_phnum; ++i) {
                const ElfW(Phdr)& header = info->dlpi_phdr[i];
                if (header.p_type != PT_LOAD || (header.p_flags & PF_W) == 0) continue;
                const VirtAddr start{info->dlpi_addr + header.p_vaddr};
                c.self->exclude({start, start + header.p_memsz});
            }
            return 0;
        },
        &context);
    images_seen_ = context.adds;
}

}  // namespace faultline::svm
