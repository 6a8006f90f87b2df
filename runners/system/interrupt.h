// SIGINT, SIGTERM and SIGHUP as something to wait for: children are ended and what finished is kept, instead of dying
// at once.
//
// Thread safety: one Interrupt at a time in a process; its functions may be called from any thread.
#pragma once

namespace faultline::runners {

class Interrupt {
public:
    Interrupt();
    ~Interrupt();  ///< the former handlers are back
    Interrupt(const Interrupt&) = delete;
    Interrupt& operator=(const Interrupt&) = delete;

    /// The first signal that came, or 0.
    int signal() const;
    /// How many came. A second one asks for an end at once.
    int count() const;
    /// Readable once a signal came, and from then on.
    int fd() const;
};

}  // namespace faultline::runners
