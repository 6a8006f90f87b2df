#include "runners/matrix/initramfs.h"

#include <fmt/format.h>

#include <charconv>
#include <set>
#include <sstream>

#include "results/atomic_file.h"
#include "runners/system/subprocess.h"

namespace faultline::runners {
namespace {

namespace fs = std::filesystem;

// The guest powers off after any failure, since its console has no keyboard. `/out/run` is there only when the run is
// whole.
constexpr std::string_view kInit = R"sh(#!/bin/busybox sh
export PATH=/bin HOME=/tmp TERM=dumb
/bin/busybox mkdir -p /proc /sys /dev /tmp /out
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
mount -t tmpfs tmpfs /tmp
exec </dev/null >/dev/console 2>&1
cd /tmp
. /faultline/command
echo $? >/out/status
stty -F /dev/ttyS1 raw -echo
tar -C /out -cf - . | gzip -1 >/dev/ttyS1
poweroff -f
)sh";

std::string quoted(const std::string& argument) {
    std::string text = "'";
    for (const char c : argument) text += c == '\'' ? std::string("'\\''") : std::string(1, c);
    return text + "'";
}

std::string command_line(const std::vector<std::string>& run_arguments) {
    std::string line = "/faultline/bin/faultline run --output /out/run --db /tmp/faultline.db";
    for (const std::string& argument : run_arguments) line += " " + quoted(argument);
    return line + "\n";
}

/// Runs a program of the host that the tree or the archive needs. `package` has it.
Expected<std::string> run_tool(std::vector<std::string> argv, const std::string& package) {
    const std::string name = argv.front();
    argv.insert(argv.begin(), "/usr/bin/env");
    const ChildCommand command{.argv = std::move(argv), .time_limit = std::chrono::minutes(5)};
    FL_ASSIGN_OR_RETURN(const ChildResult result, run_child(command));
    if (result.ok()) return result.out;
    if (result.end == ChildEnd::kExited && result.code == 127) {
        return Error{ErrorKind::kUnavailable, fmt::format("{} is missing: install the package {}", name, package)};
    }
    return Error{ErrorKind::kUnavailable, fmt::format("{} {}: {}", name, describe_end(result, command), result.err)};
}

/// The guest's shell and tools.
Expected<fs::path> find_busybox() {
    for (const char* path : {"/bin/busybox", "/usr/bin/busybox"}) {
        std::error_code error;
        if (fs::exists(path, error)) return fs::path(path);
    }
    return Error{ErrorKind::kUnavailable, "busybox is missing: install the package busybox-static"};
}

class Tree {
public:
    explicit Tree(fs::path root) : root_(std::move(root)) {}
    ~Tree() {
        std::error_code ignored;
        fs::remove_all(root_, ignored);
    }
    Tree(const Tree&) = delete;
    Tree& operator=(const Tree&) = delete;

    const fs::path& root() const { return root_; }

    /// `from` on the host, `to` an absolute path in the guest.
    Status add(const fs::path& from, const fs::path& to) const {
        std::error_code error;
        const fs::path place = root_ / to.relative_path();
        fs::create_directories(place.parent_path(), error);
        if (!error) fs::copy_file(from, place, fs::copy_options::skip_existing, error);
        if (!error) return {};
        return Error{ErrorKind::kUnavailable,
                     fmt::format("cannot copy {} to {}: {}", from.string(), place.string(), error.message())};
    }

    /// A program or library with all that it is linked with.
    Status add_linked(const fs::path& from, const fs::path& to) const {
        FL_RETURN_IF_ERROR(add(from, to));
        const Expected<std::string> out = run_tool({"ldd", from.string()}, "libc-bin");
        // Of a static program, ldd says only that it is one.
        if (!out) return from.filename() == "busybox" ? Status() : Status(out.error());
        const Expected<std::vector<fs::path>> libraries = libraries_in(*out);
        if (!libraries) return Error{libraries.error().kind, from.string() + ": " + libraries.error().message};
        for (const fs::path& library : *libraries) {
            FL_RETURN_IF_ERROR(add(library, library));
        }
        return {};
    }

    Status write(const fs::path& to, std::string_view text) const {
        const fs::path place = root_ / to.relative_path();
        std::error_code error;
        fs::create_directories(place.parent_path(), error);
        FL_RETURN_IF_ERROR(results::write_file_atomically(place, text));
        fs::permissions(place, fs::perms(0755), error);
        return {};
    }

private:
    fs::path root_;
};

Status fill(const Tree& tree, const InitramfsContent& content, const Layout& layout) {
    FL_ASSIGN_OR_RETURN(const fs::path busybox, find_busybox());
    FL_RETURN_IF_ERROR(tree.add_linked(busybox, "/bin/busybox"));
    for (const char* program : {"faultline", "faultline-bench", "faultline-workloads", "faultline-probe"}) {
        FL_RETURN_IF_ERROR(tree.add_linked(layout.programs / program, fs::path("/faultline/bin") / program));
    }
    FL_RETURN_IF_ERROR(tree.add_linked(layout.reference_driver, "/faultline/lib/libze_faultline.so"));
    for (const fs::path& config : content.kernel_configs) {
        std::error_code error;
        if (!fs::exists(config, error)) continue;
        FL_RETURN_IF_ERROR(tree.add(config, "/boot" / config.filename()));
    }
    FL_RETURN_IF_ERROR(tree.write("/faultline/command", command_line(content.run_arguments)));
    return tree.write("/init", kInit);
}

}  // namespace

Expected<std::vector<fs::path>> libraries_in(const std::string& ldd_output) {
    std::vector<fs::path> libraries;
    std::istringstream lines(ldd_output);
    for (std::string line; std::getline(lines, line);) {
        if (line.find("not found") != std::string::npos) {
            return Error{ErrorKind::kUnavailable, "library not found:" + line};
        }
        const std::size_t start = line.find('/');
        const std::size_t end = line.find(" (", start);
        // The virtual library of the kernel has no path; the program loader has no arrow.
        if (start != std::string::npos && end != std::string::npos)
            libraries.push_back(line.substr(start, end - start));
    }
    return libraries;
}

Status build_initramfs(const InitramfsContent& content, const Layout& layout, const fs::path& file) {
    const fs::path root = file.string() + ".tree";
    std::error_code error;
    fs::remove_all(root, error);
    fs::create_directories(root, error);
    const Tree tree(root);
    FL_RETURN_IF_ERROR(fill(tree, content, layout));
    const Expected<std::string> packed =
        run_tool({"sh", "-ec",
                  "command -v cpio >/dev/null || exit 127; cd \"$1\"; find . | cpio --quiet -o -H newc -R 0:0 >\"$2\"",
                  "cpio", root.string(), fs::absolute(file, error).string()},
                 "cpio");
    return packed ? Status() : Status(packed.error());
}

Expected<Handed> unpack_handed(const fs::path& archive, const fs::path& directory) {
    std::error_code error;
    fs::remove_all(directory, error);
    fs::create_directories(directory, error);
    const Expected<std::string> out =
        run_tool({"tar", "-xzf", archive.string(), "--no-same-owner", "-C", directory.string()}, "tar");
    if (!out) return Error{ErrorKind::kDevice, "the guest handed back no whole run: " + out.error().message};
    FL_ASSIGN_OR_RETURN(const std::string text, results::read_file(directory / "status"));
    Handed handed{.status = -1, .run_directory = directory / "run"};
    std::from_chars(text.data(), text.data() + text.size(), handed.status);
    return handed;
}

}  // namespace faultline::runners
