#include "runners/system/check.h"

namespace faultline::runners {

std::string to_string(Health health) {
    switch (health) {
        case Health::kOk:
            return "ok";
        case Health::kWarning:
            return "warning";
        case Health::kProblem:
            break;
    }
    return "problem";
}

}  // namespace faultline::runners
