#include "Check.h"

int main() {
    int failed = 0;
    for (const TestCase &test : allTests()) {
        const int before = faults();
        test.run();
        const bool hasFailed = faults() != before;
        std::printf("%s %s\n", hasFailed ? "FAILED" : "ok    ", test.name);
        failed += hasFailed ? 1 : 0;
    }
    std::printf("%zu passed, %d failed\n", allTests().size() - static_cast<size_t>(failed), failed);
    return failed == 0 ? 0 : 1;
}
