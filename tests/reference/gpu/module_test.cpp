// SPIR-V in, kernels or a build log out; never a crash.
#include <gmock/gmock.h>
#include <stdlib.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <random>
#include <vector>

#include "kernels/gpu_test_basic.h"
#include "kernels/gpu_test_local.h"
#include "kernels/gpu_test_unsupported.h"
#include "reference/gpu/compiler.h"
#include "reference/gpu/module.h"

namespace faultline::gpu {
namespace {

using ::testing::HasSubstr;

TEST(ModuleTest, ReflectsArguments) {
    auto module = Module::create(kernel_gpu_test_basic());
    ASSERT_TRUE(module.ok()) << module.error().message;
    const Kernel* vadd = (*module)->kernel("vadd");
    ASSERT_NE(nullptr, vadd);
    ASSERT_EQ(4u, vadd->args.size());
    EXPECT_EQ(ArgKind::kGlobalPointer, vadd->args[0].kind);
    EXPECT_EQ(8u, vadd->args[2].size);
    EXPECT_EQ(16u, vadd->args[2].offset);
    EXPECT_EQ(ArgKind::kValue, vadd->args[3].kind);
    EXPECT_EQ(4u, vadd->args[3].size);
    EXPECT_NE(nullptr, vadd->entry);
    const Kernel* copy = (*module)->kernel("struct_copy");
    ASSERT_NE(nullptr, copy);
    EXPECT_EQ(ArgKind::kValue, copy->args[2].kind);
    EXPECT_EQ(72u, copy->args[2].size) << "the structure, not a pointer to it";
    const Kernel* fixed = (*module)->kernel("fixed_group");
    ASSERT_NE(nullptr, fixed);
    EXPECT_EQ(64u, fixed->required_group_size[0]);
    EXPECT_EQ(2u, fixed->required_group_size[1]);
    EXPECT_EQ(1u, fixed->required_group_size[2]);
    EXPECT_EQ(nullptr, (*module)->kernel("no_such_kernel"));
    EXPECT_THAT((*module)->kernel_names(), ::testing::Contains("chase"));
}

TEST(ModuleTest, ReflectsLocalMemory) {
    auto module = Module::create(kernel_gpu_test_local());
    ASSERT_TRUE(module.ok()) << module.error().message;
    const Kernel* reduce = (*module)->kernel("reduce");
    ASSERT_NE(nullptr, reduce);
    EXPECT_EQ(256u, reduce->local_size);
    EXPECT_EQ(nullptr, reduce->entry);
    EXPECT_NE(nullptr, reduce->item_entry);
    const Kernel* rotate = (*module)->kernel("rotate_local");
    ASSERT_NE(nullptr, rotate);
    EXPECT_EQ(ArgKind::kLocalPointer, rotate->args[1].kind);
}

TEST(ModuleTest, NamesWhatItDoesNotSupport) {
    auto module = Module::create(kernel_gpu_test_unsupported());
    ASSERT_FALSE(module.ok());
    EXPECT_EQ(ErrorKind::kBadInput, module.error().kind);
    EXPECT_THAT(module.error().message, HasSubstr("Image"));
}

std::vector<std::uint8_t> copy_of(std::span<const std::uint8_t> spirv) { return {spirv.begin(), spirv.end()}; }

TEST(ModuleTest, RefusesWhatIsNotSpirv) {
    std::vector<std::uint8_t> text(400, 'x');
    for (std::size_t size : {0u, 3u, 19u, 400u}) {
        auto module = Module::create(std::span(text).first(size));
        ASSERT_FALSE(module.ok()) << size;
        EXPECT_EQ(ErrorKind::kBadInput, module.error().kind);
    }
    auto cut = copy_of(kernel_gpu_test_basic());
    for (std::size_t size = 20; size < cut.size(); size += 4 * 97) {
        EXPECT_FALSE(Module::create(std::span(cut).first(size)).ok()) << size;
    }
}

TEST(ModuleTest, NamesUnknownInstructions) {
    auto spirv = copy_of(kernel_gpu_test_basic());
    const std::uint32_t emit_vertex = 1u << 16 | 218;
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(&emit_vertex);
    spirv.insert(spirv.end(), bytes, bytes + 4);
    auto module = Module::create(spirv);
    ASSERT_FALSE(module.ok());
    EXPECT_THAT(module.error().message, HasSubstr("EmitVertex"));
}

TEST(ModuleTest, DamagedBinariesAreErrorsOrModulesButNeverACrash) {
    const unsigned seed = std::random_device{}();
    SCOPED_TRACE("seed " + std::to_string(seed));
    RecordProperty("seed", std::to_string(seed));
    std::mt19937 random(seed);
    int refused = 0;
    constexpr int kRounds = 150;
    for (int round = 0; round < kRounds; ++round) {
        auto spirv = copy_of(kernel_gpu_test_local());
        std::size_t words = spirv.size() / 4;
        for (int k = 0; k < 3; ++k) {
            std::size_t at = 5 + random() % (words - 5);
            std::uint32_t word = 0;
            std::memcpy(&word, spirv.data() + 4 * at, 4);
            word ^= 1u << random() % 32;
            std::memcpy(spirv.data() + 4 * at, &word, 4);
        }
        if (!check_spirv(spirv).ok()) {
            ++refused;
        } else if (auto compiled = compile(spirv); !compiled.ok()) {
            EXPECT_FALSE(compiled.error().message.empty());
        }
    }
    EXPECT_GT(refused, kRounds / 2);
    EXPECT_TRUE(compile(kernel_gpu_test_local()).ok()) << "the compiler does not survive bad input";
}

class CacheTest : public ::testing::Test {
protected:
    void SetUp() override {
        char name[] = "/tmp/faultline-cache-XXXXXX";
        ASSERT_NE(nullptr, mkdtemp(name));
        directory_ = name;
        if (const char* old = getenv("XDG_CACHE_HOME")) previous_ = old;
        setenv("XDG_CACHE_HOME", name, 1);
    }
    void TearDown() override {
        if (previous_.empty()) {
            unsetenv("XDG_CACHE_HOME");
        } else {
            setenv("XDG_CACHE_HOME", previous_.c_str(), 1);
        }
        std::filesystem::remove_all(directory_);
    }
    std::filesystem::path only_file() {
        std::filesystem::path found;
        for (const auto& entry : std::filesystem::recursive_directory_iterator(directory_)) {
            if (!entry.is_regular_file()) continue;
            EXPECT_TRUE(found.empty()) << "more than one file";
            found = entry.path();
        }
        return found;
    }
    static bool from_cache() {
        auto module = Module::create(kernel_gpu_test_local());
        EXPECT_TRUE(module.ok());
        EXPECT_EQ(256u, (*module)->kernel("reduce")->local_size);
        EXPECT_NE(nullptr, (*module)->kernel("reduce")->item_entry);
        return (*module)->from_cache();
    }
    std::filesystem::path directory_;
    std::string previous_;
};

TEST_F(CacheTest, SecondTimeComesFromDisk) {
    EXPECT_FALSE(from_cache());
    EXPECT_TRUE(from_cache());
}

TEST_F(CacheTest, DamagedFilesAreCompiledAnew) {
    EXPECT_FALSE(from_cache());
    std::filesystem::path file = only_file();
    std::filesystem::resize_file(file, std::filesystem::file_size(file) / 2);
    EXPECT_FALSE(from_cache());
    EXPECT_TRUE(from_cache());
    std::fstream damage(only_file(), std::ios::in | std::ios::out | std::ios::binary);
    damage.seekp(200);
    damage.put('!');
    damage.close();
    EXPECT_FALSE(from_cache());
}

TEST_F(CacheTest, AnUnwritableDirectoryIsHarmless) {
    std::ofstream(directory_ / "faultline") << "a file where the directory should be";
    EXPECT_FALSE(from_cache());
    EXPECT_FALSE(from_cache());
}

}  // namespace
}  // namespace faultline::gpu
