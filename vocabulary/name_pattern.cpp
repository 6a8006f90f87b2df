#include "vocabulary/name_pattern.h"

#include <array>

namespace faultline {

Expected<NamePattern> NamePattern::compile(const std::string& text) {
    NamePattern pattern;
    if (text.empty()) return pattern;
    auto compiled = std::make_unique<::regex_t>();
    if (const int error = ::regcomp(compiled.get(), text.c_str(), REG_EXTENDED | REG_NOSUB); error != 0) {
        std::array<char, 200> reason{};
        ::regerror(error, compiled.get(), reason.data(), reason.size());
        return Error{ErrorKind::kBadInput, reason.data()};
    }
    pattern.compiled_ = std::shared_ptr<const ::regex_t>(compiled.release(), [](const ::regex_t* r) {
        auto* owned = const_cast<::regex_t*>(r);
        ::regfree(owned);
        delete owned;
    });
    return pattern;
}

bool NamePattern::is_in(const std::string& name) const {
    return compiled_ == nullptr || ::regexec(compiled_.get(), name.c_str(), 0, nullptr, 0) == 0;
}

}  // namespace faultline
