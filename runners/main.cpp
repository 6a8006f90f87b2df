// faultline: runs the suite, keeps what it measured, lists what there is to run and to run on, and says what stops it.
#include "runners/command/command_line.h"
#include "runners/verbs.h"

int main(int argc, char** argv) {
    return faultline::runners::run_command_line(argc, argv, faultline::runners::verbs());
}
