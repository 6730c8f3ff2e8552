#pragma once

#include <cstdio>
#include <functional>
#include <string>
#include <utility>
#include <vector>

/// A test by its name. All run one after the other; each names the lines at which something was not as it must be.
struct TestCase {
    const char *name;
    std::function<void()> run;
};

inline std::vector<TestCase> &allTests() {
    static std::vector<TestCase> tests;
    return tests;
}

inline int &faults() {
    static int count = 0;
    return count;
}

struct Registration {
    Registration(const char *name, std::function<void()> run) { allTests().push_back({name, std::move(run)}); }
};

#define JOINED2(a, b) a##b
#define JOINED(a, b) JOINED2(a, b)
#define TEST(name)                                                        \
    static void JOINED(test, __LINE__)();                                 \
    static const Registration JOINED(registration, __LINE__)(name, JOINED(test, __LINE__)); \
    static void JOINED(test, __LINE__)()

#define CHECK(condition)                                                        \
    do {                                                                        \
        if (!(condition)) {                                                     \
            std::printf("%s:%d: not so: %s\n", __FILE__, __LINE__, #condition); \
            ++faults();                                                         \
        }                                                                       \
    } while (false)
