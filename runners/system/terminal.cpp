#include "runners/system/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>
#include <string_view>

namespace faultline::runners {

Terminal Terminal::of(int fd) {
    Terminal terminal;
    if (::isatty(fd) == 0) return terminal;
    const char* type = std::getenv("TERM");
    const char* no_color = std::getenv("NO_COLOR");
    terminal.live = type == nullptr || std::string_view(type) != "dumb";
    terminal.color = terminal.live && (no_color == nullptr || *no_color == '\0');
    winsize size{};
    if (::ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) terminal.columns = size.ws_col;
    return terminal;
}

}  // namespace faultline::runners
