// How text may be written to a stream.
//
// Thread safety: values.
#pragma once

namespace faultline::runners {

struct Terminal {
    bool live = false;   ///< lines may be redrawn
    bool color = false;  ///< NO_COLOR is honoured
    int columns = 80;

    static Terminal of(int fd);
};

}  // namespace faultline::runners
