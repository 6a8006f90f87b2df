#include "reference/gpu/object_cache.h"

#include <dlfcn.h>
#include <llvm/ADT/ArrayRef.h>
#include <llvm/ADT/StringRef.h>
#include <llvm/Config/llvm-config.h>
#include <llvm/Support/Host.h>
#include <llvm/Support/SHA256.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <type_traits>

namespace faultline::gpu {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kFormat = "faultline kernel cache 1";

std::array<std::uint8_t, 32> digest(std::string_view bytes) {
    return llvm::SHA256::hash(llvm::makeArrayRef(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()));
}

/// The file that holds this code: another build of it is another compiler.
std::string build_identity() {
    Dl_info info{};
    struct stat file {};
    if (dladdr(reinterpret_cast<const void*>(&cache_key), &info) == 0 || stat(info.dli_fname, &file) != 0) return {};
    return std::to_string(file.st_size) + "." + std::to_string(file.st_mtim.tv_sec) + "." +
           std::to_string(file.st_mtim.tv_nsec) + "." + std::to_string(file.st_ino);
}

fs::path directory() {
    const char* cache = std::getenv("XDG_CACHE_HOME");
    if (cache != nullptr && cache[0] == '/') return fs::path(cache) / "faultline" / "kernels";
    const char* home = std::getenv("HOME");
    if (home != nullptr && home[0] == '/') return fs::path(home) / ".cache" / "faultline" / "kernels";
    return {};
}

/// Numbers and strings, one behind the other.
class Writer {
public:
    template <typename T>
    requires std::is_trivially_copyable_v<T>
    void put(const T& v) { text.append(reinterpret_cast<const char*>(&v), sizeof(v)); }
    void put(const std::string& s) {
        put(s.size());
        text += s;
    }
    std::string text;
};

class Reader {
public:
    explicit Reader(std::string_view text) : text_(text) {}
    template <typename T>
    requires std::is_trivially_copyable_v<T> T get() {
        T v{};
        if (text_.size() < sizeof(T)) {
            ok_ = false;
            return v;
        }
        std::memcpy(&v, text_.data(), sizeof(T));
        text_.remove_prefix(sizeof(T));
        return v;
    }
    std::string get_string() {
        auto size = get<std::size_t>();
        if (size > text_.size()) {
            ok_ = false;
            return {};
        }
        std::string s(text_.substr(0, size));
        text_.remove_prefix(size);
        return s;
    }
    bool ok() const { return ok_; }

private:
    std::string_view text_;
    bool ok_ = true;
};

std::string serialise(const CompiledModule& module) {
    Writer w;
    w.put(module.kernels.size());
    for (std::size_t i = 0; i < module.kernels.size(); ++i) {
        const Kernel& k = module.kernels[i];
        w.put(k.name);
        w.put(k.args.size());
        for (const KernelArg& arg : k.args) {  // by member: padding would make two files of one module differ
            w.put(arg.kind);
            w.put(arg.size);
            w.put(arg.offset);
        }
        w.put(k.args_size);
        w.put(k.required_group_size);
        w.put(k.local_size);
        w.put(k.private_size);
        w.put<bool>(module.has_barriers[i]);
    }
    w.put(module.object);
    return std::move(w.text);
}

std::optional<CompiledModule> parse(std::string_view text) {
    Reader r(text);
    CompiledModule module;
    auto kernels = r.get<std::size_t>();
    for (std::size_t i = 0; i < kernels && r.ok(); ++i) {
        Kernel k;
        k.name = r.get_string();
        auto args = r.get<std::size_t>();
        for (std::size_t a = 0; a < args && r.ok(); ++a) {
            KernelArg arg;
            arg.kind = r.get<ArgKind>();
            arg.size = r.get<std::uint32_t>();
            arg.offset = r.get<std::uint32_t>();
            k.args.push_back(arg);
        }
        k.args_size = r.get<std::uint32_t>();
        for (std::uint32_t& size : k.required_group_size) size = r.get<std::uint32_t>();
        k.local_size = r.get<std::uint32_t>();
        k.private_size = r.get<std::uint32_t>();
        module.has_barriers.push_back(r.get<bool>());
        module.kernels.push_back(std::move(k));
    }
    module.object = r.get_string();
    if (!r.ok()) return std::nullopt;
    return module;
}

}  // namespace

std::string cache_key(std::span<const std::uint8_t> spirv) {
    static const std::string kCompiler =
        std::string(kFormat) + LLVM_VERSION_STRING + build_identity() + llvm::sys::getHostCPUName().str();
    std::string all = kCompiler;
    all.append(reinterpret_cast<const char*>(spirv.data()), spirv.size());
    std::string key;
    for (std::uint8_t byte : digest(all)) {
        constexpr std::string_view kDigits = "0123456789abcdef";
        key += kDigits[byte >> 4];
        key += kDigits[byte & 15];
    }
    return key;
}

std::optional<CompiledModule> load_cached(const std::string& key) {
    std::ifstream file(directory() / key, std::ios::binary);
    if (!file) return std::nullopt;
    std::string text{std::istreambuf_iterator<char>(file), {}};
    constexpr std::size_t kDigestSize = 32;
    if (text.size() < kDigestSize) return std::nullopt;
    std::string_view payload = std::string_view(text).substr(kDigestSize);
    if (std::memcmp(digest(payload).data(), text.data(), kDigestSize) != 0) return std::nullopt;
    return parse(payload);
}

void store_cached(const std::string& key, const CompiledModule& module) {
    fs::path dir = directory();
    if (dir.empty()) return;
    std::error_code ec;
    fs::create_directories(dir, ec);
    // Written under a name of its own and renamed: processes that compile the same module at once each leave a whole
    // file, and a reader never sees a half. Not synced: after a crash of the machine the digest finds what is short.
    static std::atomic<unsigned> serial{0};
    fs::path beside = dir / (key + "." + std::to_string(getpid()) + "." + std::to_string(serial++));
    std::string payload = serialise(module);
    std::ofstream file(beside, std::ios::binary);
    auto sum = digest(payload);
    file.write(reinterpret_cast<const char*>(sum.data()), sum.size());
    file.write(payload.data(), static_cast<std::streamsize>(payload.size()));
    file.close();
    if (file) {
        fs::rename(beside, dir / key, ec);
        if (!ec) return;
    }
    fs::remove(beside, ec);
}

}  // namespace faultline::gpu
