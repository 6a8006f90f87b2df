#include "runners/verbs.h"

namespace faultline::runners {

#define VERB(constant, file) extern const Verb constant;
#include "runners/verbs.def"
#undef VERB

std::span<const Verb* const> verbs() {
    static constexpr const Verb* kVerbs[] = {
#define VERB(constant, file) &constant,
#include "runners/verbs.def"
#undef VERB
    };
    return kVerbs;
}

}  // namespace faultline::runners
