// Device models: what their files say, how they go wrong, and that modelled copies take the time that was stated.

#include "reference/gpu/model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <vector>

#include "reference/gpu/modelled_copies.h"
#include "reference/gpu/models.h"
#include "reference/svm/clock.h"

namespace faultline::gpu {
namespace {

using std::chrono::microseconds;
using ::testing::HasSubstr;

TEST(Model, EveryBuiltinOneIsWhole) {
    ASSERT_GE(builtin_models().size(), 3u);
    for (const BuiltinModel& builtin : builtin_models()) {
        const auto model = find_model(std::string(builtin.name));
        ASSERT_TRUE(model.ok()) << model.error().message;
        EXPECT_EQ(builtin.name, model->name);
        EXPECT_FALSE(model->description.empty()) << builtin.name;
        EXPECT_FALSE(model->source.empty()) << builtin.name << " does not say where its figures come from";
        EXPECT_GT(model->eus, 0u);
    }
    EXPECT_FALSE(find_model("native")->copy.is_modelled());
    EXPECT_TRUE(find_model("native-2")->linked);
}

TEST(Model, ErrorsNameFileLineAndKey) {
    struct Case {
        const char* text;
        const char* expected;
    };
    for (const Case& c :
         {Case{"devices = 0", "model x.toml:1: devices: expected a whole number from 1 to 8"},
          Case{"\n[device]\nvram_mib = \"big\"", "model x.toml:3: device.vram_mib: expected a whole number"},
          Case{"[copy]\nlatency_us = -1", "model x.toml:2: copy.latency_us: expected a number from 0"},
          Case{"[link]\ntopology = \"ring\"", "model x.toml:2: link.topology: expected \"none\" or \"all\""},
          Case{"speed = 3", "model x.toml:1: speed: unknown key"},
          Case{"[copy]\nengines = 2\nrate = 3", "model x.toml:3: copy.rate: unknown key"},
          Case{"[copy\n", "model x.toml:1: "}}) {
        const auto model = parse_model(c.text, "x.toml");
        ASSERT_FALSE(model.ok()) << c.text;
        EXPECT_EQ(ErrorKind::kBadInput, model.error().kind);
        EXPECT_THAT(model.error().message, HasSubstr(c.expected));
    }
    EXPECT_THAT(find_model("fast").error().message, HasSubstr("slow-copy, or the path of a .toml file"));
    EXPECT_THAT(find_model("./none.toml").error().message, HasSubstr("model file ./none.toml cannot be read"));
}

/// Copies without taking any of the fake clock's time.
class Copies : public ::testing::Test {
protected:
    int copy(svm::CopyEngine& engine, std::uint64_t bytes) {
        const svm::CopyJob job{dst.data(), src.data(), {bytes}};
        return engine.copy({&job, 1});
    }
    svm::FakeClock clock;
    svm::InlineCopyEngine host;
    std::vector<std::byte> src = std::vector<std::byte>(1 << 20, std::byte{7});
    std::vector<std::byte> dst = std::vector<std::byte>(1 << 20);
};

TEST_F(Copies, TakeLatencyAndTransferToTheNanosecond) {
    ModelledCopies engine(host, 1, {.gb_per_s = 2, .latency = microseconds(10)}, clock);
    ASSERT_EQ(0, copy(engine, 1 << 20));
    EXPECT_EQ(Nanoseconds(10'000 + (1 << 20) / 2), clock.now());
    EXPECT_EQ(0, std::memcmp(src.data(), dst.data(), 1 << 20));
    ASSERT_EQ(0, copy(engine, 4096));
    EXPECT_EQ(Nanoseconds(20'000 + (1 << 20) / 2 + 2048), clock.now());
}

/// Stands still, and remembers until when it was waited for: as if all submissions came at one moment.
class StoppedClock final : public svm::Clock {
public:
    Nanoseconds now() const override { return {}; }
    void wait_until(Nanoseconds time) override { waits.push_back(time); }
    std::vector<Nanoseconds> waits;
};

TEST_F(Copies, EachEngineDoesOneThingAtATime) {
    StoppedClock stopped;
    ModelledCopies engine(host, 2, {.latency = microseconds(100)}, stopped);
    for (int i = 0; i < 5; ++i) ASSERT_EQ(0, copy(engine, 64));
    const std::vector<Nanoseconds> expected = {microseconds(100), microseconds(100), microseconds(200),
                                               microseconds(200), microseconds(300)};
    EXPECT_EQ(expected, stopped.waits);
}

}  // namespace
}  // namespace faultline::gpu
