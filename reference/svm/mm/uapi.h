// Kernel interfaces newer than the headers of Debian 12 (Linux 6.1), as the kernel's uapi declares them.
//
// UFFDIO_MOVE: Linux 6.8, include/uapi/linux/userfaultfd.h. PROCMAP_QUERY: Linux 6.11, PAGEMAP_SCAN: Linux 6.7,
// include/uapi/linux/fs.h. Whether the running kernel has them is found out at run time.
#pragma once

#include <linux/ioctl.h>
#include <linux/types.h>
#include <linux/userfaultfd.h>

namespace faultline::svm::uapi {

struct UffdioMove {
    __u64 dst;
    __u64 src;
    __u64 len;
    __u64 mode;
    __s64 move;  // bytes moved, or negative errno
};
inline constexpr __u64 kUffdioMoveModeDontwake = 1u << 0;
inline constexpr unsigned long kUffdioMove = _IOWR(UFFDIO, 0x05, UffdioMove);
inline constexpr __u64 kUffdFeatureMove = 1u << 16;

struct ProcmapQuery {
    __u64 size;
    __u64 query_flags;
    __u64 query_addr;
    __u64 vma_start;
    __u64 vma_end;
    __u64 vma_flags;
    __u64 vma_page_size;
    __u64 vma_offset;
    __u64 inode;
    __u32 dev_major;
    __u32 dev_minor;
    __u32 vma_name_size;
    __u32 build_id_size;
    __u64 vma_name_addr;
    __u64 build_id_addr;
};
inline constexpr unsigned long kProcmapQuery = _IOWR('f', 17, ProcmapQuery);
inline constexpr __u64 kProcmapVmaReadable = 1;
inline constexpr __u64 kProcmapVmaWritable = 2;
inline constexpr __u64 kProcmapVmaExecutable = 4;
inline constexpr __u64 kProcmapVmaShared = 8;
inline constexpr __u64 kProcmapCoveringOrNextVma = 0x10;

struct PageRegion {
    __u64 start;
    __u64 end;
    __u64 categories;
};
struct PmScanArg {
    __u64 size;
    __u64 flags;
    __u64 start;
    __u64 end;
    __u64 walk_end;
    __u64 vec;
    __u64 vec_len;
    __u64 max_pages;
    __u64 category_inverted;
    __u64 category_mask;
    __u64 category_anyof_mask;
    __u64 return_mask;
};
inline constexpr unsigned long kPagemapScan = _IOWR('f', 16, PmScanArg);
inline constexpr __u64 kPageIsHuge = 1u << 6;

}  // namespace faultline::svm::uapi
