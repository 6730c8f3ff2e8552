import Foundation
import Metrics
import TestKit
import Testing

@testable import ServiceKit

@Suite struct MetricsTests {
    private let registry = PrometheusRegistry()

    private var lines: Set<String> { Set(registry.exposition().split(separator: "\n").map(String.init)) }

    @Test func countersEndInTotal() {
        Counter(label: "lms.rows", factory: registry).increment(by: 3)
        #expect(lines.isSuperset(of: ["# TYPE lms_rows_total counter", "lms_rows_total 3"]))
    }

    @Test func countersOfOneNameAndLabelsAreOne() {
        Counter(label: "a_total", dimensions: [("x", "1"), ("y", "2")], factory: registry).increment()
        Counter(label: "a_total", dimensions: [("y", "2"), ("x", "1")], factory: registry).increment()
        Counter(label: "a_total", dimensions: [("x", "2"), ("y", "2")], factory: registry).increment()
        #expect(lines.isSuperset(of: [#"a_total{x="1",y="2"} 2"#, #"a_total{x="2",y="2"} 1"#]))
    }

    @Test func fractionsAddUp() {
        let counter = FloatingPointCounter(label: "seconds", factory: registry)
        counter.increment(by: 0.25)
        counter.increment(by: 0.5)
        #expect(lines.contains("seconds_total 0.75"))
    }

    @Test func gaugesHoldTheLastValue() {
        let gauge = Gauge(label: "queue_length", factory: registry)
        gauge.record(5)
        gauge.record(2.5)
        let meter = Meter(label: "in_flight", factory: registry)
        meter.increment(by: 3)
        meter.decrement()
        #expect(lines.isSuperset(of: ["# TYPE queue_length gauge", "queue_length 2.5", "in_flight 2"]))
    }

    @Test func timersAreHistogramsInSeconds() {
        let timer = Metrics.Timer(label: "flush_duration", dimensions: [("to", "db")], factory: registry)
        timer.recordMilliseconds(20)
        timer.recordMilliseconds(25)
        timer.recordSeconds(90)
        #expect(
            lines.isSuperset(of: [
                "# TYPE flush_duration_seconds histogram",
                #"flush_duration_seconds_bucket{to="db",le="0.01"} 0"#,
                #"flush_duration_seconds_bucket{to="db",le="0.025"} 2"#,
                #"flush_duration_seconds_bucket{to="db",le="60"} 2"#,
                #"flush_duration_seconds_bucket{to="db",le="+Inf"} 3"#,
                #"flush_duration_seconds_count{to="db"} 3"#,
                #"flush_duration_seconds_sum{to="db"} 90.045"#,
            ]))
    }

    @Test func recordersAreHistogramsOfSizes() {
        Recorder(label: "batch_rows", factory: registry).record(100)
        #expect(lines.isSuperset(of: [#"batch_rows_bucket{le="64"} 0"#, #"batch_rows_bucket{le="256"} 1"#]))
    }

    @Test func labelsAreEscaped() {
        Counter(label: "a_total", dimensions: [("path", "a\"b\\c\nd")], factory: registry).increment()
        #expect(lines.contains(#"a_total{path="a\"b\\c\nd"} 1"#))
    }

    @Test(arguments: [("lms.http-requests", "lms_http_requests"), ("9lives", "_lives"), ("a9", "a9"), ("é", "_")])
    func namesAreMadeFit(label: String, name: String) {
        #expect(MetricName.sanitized(label) == name)
    }

    @Test func everyMetricHasHelp() {
        Counter(label: "lms_rows", factory: registry).increment()
        registry.describe("lms_other_total", "What it counts.\nOn two lines.")
        Counter(label: "lms_other_total", factory: registry).increment()
        #expect(
            lines.isSuperset(of: [
                "# HELP lms_rows_total Rows total.", #"# HELP lms_other_total What it counts.\nOn two lines."#,
            ]))
    }

    @Test func destroyedMetricsAreGone() {
        let counter = Counter(label: "a_total", factory: registry)
        counter.increment()
        counter.destroy()
        #expect(!registry.exposition().contains("a_total"))
    }

    @Test func manyThreadsLoseNothing() async {
        let counter = Counter(label: "n_total", factory: registry)
        let timer = Metrics.Timer(label: "t", factory: registry)
        await withDiscardingTaskGroup { group in
            for _ in 0..<8 {
                group.addTask {
                    for _ in 0..<1000 {
                        counter.increment()
                        timer.recordSeconds(1)
                    }
                }
            }
        }
        #expect(lines.isSuperset(of: ["n_total 8000", "t_seconds_count 8000", "t_seconds_sum 8000"]))
    }

    @Test func theProcessIsMeasured() throws {
        func value(_ name: String) throws -> Double {
            try #require(lines.first { $0.hasPrefix(name + " ") }.flatMap { Double($0.dropFirst(name.count + 1)) })
        }
        #expect(try value("process_cpu_seconds_total") > 0)
        #expect(try value("process_resident_memory_bytes") > 1_000_000)
        #expect(try value("process_open_fds") >= 3)
        #expect(try value("process_max_fds") >= 256)
        let started = try value("process_start_time_seconds")
        #expect(abs(started - Date().timeIntervalSince1970) < 3600)
    }
}
