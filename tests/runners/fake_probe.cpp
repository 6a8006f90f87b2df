// Stands in for faultline-probe: one reference when the reference driver is loaded, else what FAKE_REAL holds.
#include <cstdio>
#include <cstdlib>
#include <string>

namespace {

std::string environment(const char* name, const char* absent) {
    const char* value = std::getenv(name);
    return value == nullptr ? absent : value;
}

std::string device(const std::string& kind, const std::string& name, int caps, const std::string& policy) {
    const std::string model = policy.empty() ? "" : environment("FAULTLINE_MODEL", "native");
    return R"({"kind": ")" + kind + R"(", "index": 0, "name": ")" + name +
           R"(", "driver_version": "0.1.0", "policy": ")" + policy + R"(", "model": ")" + model +
           R"(", "monitor": "", "policies": "", "uuid": "00", "pci": "", "vram_bytes": 1073741824, "hardware_threads": 32,
           "shared_system_caps": )" +
           std::to_string(caps) + "}";
}

}  // namespace

int main() {
    std::string devices;
    std::string failure;
    if (environment("ZE_ENABLE_ALT_DRIVERS", "").ends_with("libze_faultline.so")) {
        const std::string policy = environment("FAULTLINE_POLICY", "xe-7.0");
        if (policy == "nonsense") {
            failure = "FAULTLINE_POLICY: unknown preset \\\"nonsense\\\"; presets: xe-7.0";
        } else {
            devices = device("reference", "Fake reference", 15, policy);
        }
    } else if (const std::string real = environment("FAKE_REAL", ""); !real.empty()) {
        if (real == "crash") std::abort();
        devices = device("xe", "Fake Xe", real == "deaf" ? 0 : 15, "");
    }
    std::printf("{\"failure\": \"%s\", \"intel_driver\": \"\", \"devices\": [%s]}\n", failure.c_str(), devices.c_str());
}
