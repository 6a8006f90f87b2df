// Which Faultline this is: the text that results carry, so that runs of two builds show it when they are compared.
// Link faultline_version; cmake/FaultlineVersion.cmake says how the text is made.
#pragma once

namespace faultline {

/// "v0.1.0-209-gb6b1e0a0d3c2", "0.1.0-gb6b1e0a0d3c2-dirty" or, without git, "0.1.0". Never null, never empty.
const char* version();

}  // namespace faultline
