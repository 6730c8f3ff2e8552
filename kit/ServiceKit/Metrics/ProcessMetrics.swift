import Foundation
import Glibc

/// What the kernel says about this process, under the names that Prometheus' client libraries use.
enum ProcessMetrics {
    struct Metric {
        let name: String
        let type: MetricType
        let help: String
        let value: Double
    }

    static func current() -> [Metric] {
        let stat = ProcessStat.current()
        return [
            Metric(
                name: "process_cpu_seconds_total", type: .counter,
                help: "Total user and system CPU time spent in seconds.", value: cpuSeconds()),
            stat.map {
                Metric(
                    name: "process_resident_memory_bytes", type: .gauge, help: "Resident memory size in bytes.",
                    value: Double($0.residentPages * sysconf(Int32(_SC_PAGESIZE))))
            },
            stat.flatMap { startTime(ticksAfterBoot: $0.startTicks) }.map {
                Metric(
                    name: "process_start_time_seconds", type: .gauge,
                    help: "Start time of the process since unix epoch in seconds.", value: $0)
            },
            openDescriptors().map {
                Metric(
                    name: "process_open_fds", type: .gauge, help: "Number of open file descriptors.",
                    value: Double($0))
            },
            descriptorLimit().map {
                Metric(
                    name: "process_max_fds", type: .gauge, help: "Maximum number of open file descriptors.",
                    value: $0)
            },
        ].compactMap(\.self)
    }

    private static func cpuSeconds() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    /// proc(5): a process's start is told in clock ticks after the boot, whose time is in `/proc/stat`.
    private static func startTime(ticksAfterBoot ticks: Int) -> Double? {
        let lines = (try? String(contentsOfFile: "/proc/stat", encoding: .utf8))?.split(separator: "\n") ?? []
        let boot = lines.first { $0.hasPrefix("btime ") }.flatMap { Double($0.dropFirst(6)) }
        return boot.map { $0 + Double(ticks) / Double(sysconf(Int32(_SC_CLK_TCK))) }
    }

    private static func openDescriptors() -> Int? {
        try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count
    }

    private static func descriptorLimit() -> Double? {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return nil }
        return Double(limit.rlim_cur)
    }
}

/// Two fields of `/proc/self/stat`, proc(5).
private struct ProcessStat {
    let startTicks: Int
    let residentPages: Int

    static func current() -> ProcessStat? {
        guard let text = try? String(contentsOfFile: "/proc/self/stat", encoding: .utf8),
            let nameEnd = text.lastIndex(of: ")")
        else { return nil }
        // The name, field 2, may hold spaces; what follows its parenthesis begins with field 3.
        let fields = text[text.index(after: nameEnd)...].split(separator: " ")
        guard fields.count > 21, let start = Int(fields[19]), let pages = Int(fields[21]) else { return nil }
        return ProcessStat(startTicks: start, residentPages: pages)
    }
}
