// Device models: what their files say, how they go wrong, and that modelled copies take the time that was stated.

#include "reference/gpu/model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <vector>

#include "reference/gpu/links.h"
#include "reference/gpu/modelled_copies.h"
#include "reference/gpu/models.h"
#include "reference/svm/core/clock.h"
#include "reference/svm/drm/vram.h"

namespace faultline::gpu {
namespace {

using std::chrono::microseconds;
using ::testing::HasSubstr;

TEST(Model, EveryBuiltinOneIsWhole) {
    ASSERT_GE(builtin_models().size(), 7u);
    for (const BuiltinModel& builtin : builtin_models()) {
        const auto model = find_model(std::string(builtin.name));
        ASSERT_TRUE(model.ok()) << model.error().message;
        EXPECT_EQ(builtin.name, model->name);
        EXPECT_FALSE(model->description.empty()) << builtin.name;
        EXPECT_FALSE(model->source.empty()) << builtin.name << " does not say where its figures come from";
        EXPECT_GT(model->eus, 0u);
    }
    EXPECT_FALSE(find_model("native")->copy.is_modelled());
    EXPECT_TRUE(find_model("native-2")->links[0][1].fast);
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
          Case{"devices = 2\n[[link.pairs]]\nfast = 1\ndevices = [0, 1]",
               "x.toml:3: link.pairs.fast: expected true or false"},
          Case{"devices = 2\n[[link.pairs]]\ndevices = [0, 2]", "x.toml:3: link.pairs.devices: expected two different"},
          Case{"devices = 2\n[[link.pairs]]\ndevices = [1, 1]", "x.toml:3: link.pairs.devices: expected two different"},
          Case{"devices = 2\n[[link.pairs]]\nfast = true", "x.toml:2: link.pairs.devices: missing"},
          Case{"devices = 2\n[[link.pairs]]\ndevices = [0, 1]\n[[link.pairs]]\ndevices = [1, 0]",
               "x.toml:5: link.pairs.devices: this pair was given before"},
          Case{"devices = 2\n[[link.pairs]]\ndevices = [0, 1]\nrate = 1", "x.toml:4: link.pairs.rate: unknown key"},
          Case{"devices = 2\n[[link.directions]]\nfrom = 0", "x.toml:2: link.directions.to: missing"},
          Case{"devices = 2\n[[link.directions]]\nto = 0", "x.toml:2: link.directions.from: missing"},
          Case{"devices = 2\n[[link.directions]]\nfrom = 0\nto = 2",
               "x.toml:4: link.directions.to: expected a device of 0 to 1"},
          Case{"devices = 2\n[[link.directions]]\nfrom = \"0\"\nto = 1",
               "x.toml:3: link.directions.from: expected a device of 0 to 1"},
          Case{"devices = 2\n[[link.directions]]\nfrom = -1\nto = 1",
               "x.toml:3: link.directions.from: expected a device of 0 to 1"},
          Case{"devices = 2\n[[link.directions]]\nfrom = 1\nto = 1",
               "x.toml:4: link.directions.to: expected another device than from"},
          Case{"devices = 2\n[[link.directions]]\nfrom = 0\nto = 1\n[[link.directions]]\nfrom = 0\nto = 1",
               "x.toml:6: link.directions.from: this direction was given before"},
          Case{"devices = 2\n[[link.directions]]\nfrom = 0\nto = 1\ngb_per_s = -1",
               "x.toml:5: link.directions.gb_per_s: expected a number from 0"},
          Case{"devices = 2\n[[link.directions]]\nfrom = 0\nto = 1\nfast = true",
               "x.toml:5: link.directions.fast: unknown key"},
          Case{"[link]\ndirections = 3", "x.toml:2: link.directions: expected an array of tables"},
          Case{"[link]\npairs = 3", "x.toml:2: link.pairs: expected an array of tables"},
          Case{"fault = 3", "x.toml:1: fault: expected a table"},
          Case{"[fault]\nreport_us = \"slow\"", "x.toml:2: fault.report_us: expected a number"},
          Case{"[fault]\nack_us = nan", "x.toml:2: fault.ack_us: expected a number"},
          Case{"[tlb]\ninvalidation_us = 1e7", "x.toml:2: tlb.invalidation_us: expected a number"},
          Case{"[device]\ntiles = 3", "x.toml:2: device.tiles: expected a whole number from 1 to 2"},
          Case{"speed = 3", "model x.toml:1: speed: unknown key"},
          Case{"[copy]\nengines = 2\nrate = 3", "model x.toml:3: copy.rate: unknown key"},
          Case{"[copy\n", "model x.toml:1: "}}) {
        const auto model = parse_model(c.text, "x.toml");
        ASSERT_FALSE(model.ok()) << c.text;
        EXPECT_EQ(ErrorKind::kBadInput, model.error().kind);
        EXPECT_THAT(model.error().message, HasSubstr(c.expected));
    }
    EXPECT_THAT(find_model("fast").error().message, HasSubstr("two-tile, or the path of a .toml file"));
    EXPECT_THAT(find_model("./").error().message, HasSubstr("model file ./ cannot be read"));
    EXPECT_THAT(find_model("./none.toml").error().message, HasSubstr("model file ./none.toml cannot be read"));
}

TEST(Model, PairsDifferFromTheRest) {
    const auto model = parse_model(
        "devices = 3\n[link]\ntopology = \"all\"\ngb_per_s = 2\nlatency_us = 3\n"
        "[[link.pairs]]\ndevices = [2, 0]\nfast = false\ngb_per_s = 0.5",
        "x.toml");
    ASSERT_TRUE(model.ok()) << model.error().message;
    const LinkModel any{.fast = true, .speed = {2, microseconds(3)}};
    const LinkModel own{.fast = false, .speed = {0.5, microseconds(3)}};
    EXPECT_EQ(any, model->links[0][1]);
    EXPECT_EQ(any, model->links[2][1]);
    EXPECT_EQ(own, model->links[0][2]);
    EXPECT_EQ(own, model->links[2][0]);
}

// What a direction does not say, it has from its pair, and that from the link.
TEST(Model, DirectionsDifferFromTheirPair) {
    const auto model = parse_model(
        "devices = 3\n[link]\ntopology = \"all\"\ngb_per_s = 2\nlatency_us = 3\n"
        "[[link.directions]]\nfrom = 2\nto = 0\ngb_per_s = 0.25\n"
        "[[link.directions]]\nfrom = 1\nto = 2\nlatency_us = 9\n"
        "[[link.pairs]]\ndevices = [0, 2]\nlatency_us = 5",
        "x.toml");
    ASSERT_TRUE(model.ok()) << model.error().message;
    EXPECT_EQ((LinkModel{.fast = true, .speed = {0.25, microseconds(5)}}), model->links[2][0]);
    EXPECT_EQ((LinkModel{.fast = true, .speed = {2, microseconds(5)}}), model->links[0][2]);
    EXPECT_EQ((LinkModel{.fast = true, .speed = {2, microseconds(9)}}), model->links[1][2]);
    EXPECT_EQ((LinkModel{.fast = true, .speed = {2, microseconds(3)}}), model->links[2][1]);
    EXPECT_THAT(describe(*model),
                HasSubstr("link.0-1.fast=true link.0-1.gb_per_s=2 link.0-1.latency_us=3 link.0-2.fast=true "
                          "link.0>2.gb_per_s=2 link.0>2.latency_us=5 link.2>0.gb_per_s=0.25 link.2>0.latency_us=5 "
                          "link.1-2.fast=true link.1>2.gb_per_s=2 link.1>2.latency_us=9 link.2>1.gb_per_s=2 "));
}

TEST(Model, DescriptionStatesEveryFigure) {
    auto model = parse_model(
        "devices = 2\n[device]\ntiles = 2\nvram_mib = 64\neus = 3\nthreads_per_eu = 4\n[fault]\nreport_us = 1.5\n"
        "ack_us = 2\n[tlb]\ninvalidation_us = 7\n[copy]\nengines = 5\ngb_per_s = 0.25\nlatency_us = 9\n"
        "[link]\ntopology = \"all\"\ngb_per_s = 2\nlatency_us = 3",
        "x.toml");
    ASSERT_TRUE(model.ok()) << model.error().message;
    EXPECT_EQ(
        "devices=2 device.tiles=2 device.vram_mib=64 device.eus=3 device.threads_per_eu=4 fault.report_us=1.5 "
        "fault.ack_us=2 tlb.invalidation_us=7 copy.engines=5 copy.gb_per_s=0.25 copy.latency_us=9 link.0-1.fast=true "
        "link.0-1.gb_per_s=2 link.0-1.latency_us=3",
        describe(*model));
    model = parse_model("[device]\neus = 1", "x.toml");
    EXPECT_EQ("devices=1 device.tiles=1 device.vram_mib=1024 device.eus=1 device.threads_per_eu=8 copy.engines=2",
              describe(*model));
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
    ModelledCopies engine(host, 1, {.gb_per_s = 2, .latency = microseconds(10)}, nullptr, clock);
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
    void sleep_on(std::atomic<std::uint32_t>&, std::uint32_t, Nanoseconds time) override { wait_until(time); }
    Nanoseconds lateness() const override { return {}; }
    std::vector<Nanoseconds> waits;
};

TEST_F(Copies, EachEngineDoesOneThingAtATime) {
    StoppedClock stopped;
    ModelledCopies engine(host, 2, {.latency = microseconds(100)}, nullptr, stopped);
    for (int i = 0; i < 5; ++i) ASSERT_EQ(0, copy(engine, 64));
    const std::vector<Nanoseconds> expected = {microseconds(100), microseconds(100), microseconds(200),
                                               microseconds(200), microseconds(300)};
    EXPECT_EQ(expected, stopped.waits);
}

/// Two devices' memory, and a link of a known speed between them.
class LinkedCopies : public Copies {
protected:
    void SetUp() override {
        int err = 0;
        for (unsigned d = 0; d < 2; ++d) {
            vram[d] = svm::Vram::create({4 << 20}, &err);
            ASSERT_EQ(0, err);
            ASSERT_EQ(0, vram[d]->alloc({1 << 20}, nullptr, false, &block[d]));
            links.add_memory(d, 0, *vram[d]);
        }
    }
    void TearDown() override {
        for (unsigned d = 0; d < 2; ++d) {
            vram[d]->free(&block[d]);
            vram[d].reset();
        }
    }
    static DeviceModel model() {
        DeviceModel m;
        m.devices = 2;
        m.links[0][1] = m.links[1][0] = {.fast = true, .speed = {.gb_per_s = 0.5, .latency = microseconds(7)}};
        return m;
    }
    svm::CopyJob job(void* to, void* from, std::uint64_t bytes) { return {to, from, {bytes}}; }

    Links links{model()};
    svm::ArenaPtr<svm::Vram> vram[2];
    svm::VramBlock block[2];
};

TEST_F(LinkedCopies, BetweenDevicesTakeTheSlowerRateAndBothLatencies) {
    ModelledCopies engine(host, 1, {.gb_per_s = 2, .latency = microseconds(10)}, &links, clock);
    const svm::CopyJob across = job(block[1].base, block[0].base, 1 << 20);
    ASSERT_EQ(0, engine.copy({&across, 1}));
    EXPECT_EQ(Nanoseconds(17'000 + (1 << 20) * 2), clock.now());
    // From system memory, and inside a device, as without a link.
    Nanoseconds before = clock.now();
    const svm::CopyJob home = job(block[1].base, src.data(), 1 << 20);
    ASSERT_EQ(0, engine.copy({&home, 1}));
    const svm::CopyJob inside = job(block[1].base, static_cast<std::byte*>(block[1].base) + (512 << 10), 512 << 10);
    ASSERT_EQ(0, engine.copy({&inside, 1}));
    EXPECT_EQ(before + Nanoseconds(20'000 + (1 << 19) + (1 << 18)), clock.now());
    EXPECT_EQ(0, std::memcmp(block[1].base, static_cast<std::byte*>(block[1].base) + (512 << 10), 512 << 10));
}

TEST_F(LinkedCopies, DirectionsDoNotShareALinkButEnginesDo) {
    StoppedClock stopped;
    ModelledCopies engine(host, 4, {}, &links, stopped);
    const svm::CopyJob out = job(block[1].base, block[0].base, 500'000);
    const svm::CopyJob back = job(block[0].base, block[1].base, 500'000);
    for (const svm::CopyJob& one : {out, out, back}) ASSERT_EQ(0, engine.copy({&one, 1}));
    const std::vector<Nanoseconds> expected = {microseconds(1007), microseconds(2007), microseconds(1007)};
    EXPECT_EQ(expected, stopped.waits);
    EXPECT_EQ(microseconds(2000), links.send(0, 1, {}, {}).left);
    EXPECT_EQ(microseconds(1000), links.send(1, 0, {}, {}).left);
}

TEST_F(LinkedCopies, TakeTheSpeedOfTheDirectionInWhichTheyGo) {
    DeviceModel model;
    model.devices = 2;
    model.links[0][1].speed = {.gb_per_s = 0.5, .latency = microseconds(7)};
    model.links[1][0].speed = {.gb_per_s = 1, .latency = microseconds(3)};
    Links uneven(model);
    for (unsigned d = 0; d < 2; ++d) uneven.add_memory(d, 0, *vram[d]);
    StoppedClock stopped;
    ModelledCopies engine(host, 4, {}, &uneven, stopped);
    const svm::CopyJob out = job(block[1].base, block[0].base, 500'000);
    const svm::CopyJob back = job(block[0].base, block[1].base, 500'000);
    for (const svm::CopyJob& one : {out, back}) ASSERT_EQ(0, engine.copy({&one, 1}));
    const std::vector<Nanoseconds> expected = {microseconds(1007), microseconds(503)};
    EXPECT_EQ(expected, stopped.waits);
}

}  // namespace
}  // namespace faultline::gpu
