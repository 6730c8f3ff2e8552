/// The types of Prometheus' data model that we expose.
enum MetricType: String, Sendable {
    case counter, gauge, histogram
}

/// Names as Prometheus wants them: `[a-zA-Z_:][a-zA-Z0-9_:]*`.
enum MetricName {
    static func sanitized(_ label: String) -> String {
        var name = ""
        for scalar in label.unicodeScalars {
            let isAllowed =
                switch scalar {
                case "a"..."z", "A"..."Z", "_", ":": true
                case "0"..."9": !name.isEmpty
                default: false
                }
            name.unicodeScalars.append(isAllowed ? scalar : "_")
        }
        return name
    }

    /// `lms_http_requests_total` → `Http requests total.`
    static func words(of name: String) -> String {
        let words = name.split(separator: "_").drop { $0 == "lms" }.joined(separator: " ")
        return words.prefix(1).uppercased() + words.dropFirst() + "."
    }
}

extension String {
    func ending(in suffix: String) -> String {
        hasSuffix(suffix) ? self : self + suffix
    }
}

/// Writes Prometheus' text exposition format, version 0.0.4.
struct ExpositionText {
    private(set) var text = ""

    mutating func family(_ name: String, _ family: PrometheusRegistry.Family, help: String) {
        header(name, family.type, help: help)
        for (labels, instrument) in family.instruments.sorted(by: { $0.key < $1.key }) {
            switch instrument {
            case .counter(let counter): sample(name, labels, counter.value)
            case .gauge(let gauge): sample(name, labels, gauge.value)
            case .histogram(let histogram): self.histogram(name, labels, histogram)
            }
        }
    }

    mutating func append(_ metrics: [ProcessMetrics.Metric]) {
        for metric in metrics {
            header(metric.name, metric.type, help: metric.help)
            sample(metric.name, "", metric.value)
        }
    }

    private mutating func header(_ name: String, _ type: MetricType, help: String) {
        text += "# HELP \(name) \(help.escaped(quotes: false))\n# TYPE \(name) \(type.rawValue)\n"
    }

    private mutating func sample(_ name: String, _ labels: String, _ value: Double) {
        text += labels.isEmpty ? name : "\(name){\(labels)}"
        text += " \(Self.number(value))\n"
    }

    private mutating func histogram(_ name: String, _ labels: String, _ histogram: PrometheusHistogram) {
        // Read once, so that `+Inf` equals `_count` whatever is recorded meanwhile.
        let counts = histogram.cumulativeCounts
        let prefix = labels.isEmpty ? "" : labels + ","
        for (bound, count) in zip(histogram.bounds + [.infinity], counts) {
            sample("\(name)_bucket", "\(prefix)le=\"\(Self.number(bound))\"", Double(count))
        }
        sample("\(name)_sum", labels, histogram.sum)
        sample("\(name)_count", labels, Double(counts.last ?? 0))
    }

    /// `method="GET",route="/a"`, in the order of the names, so that equal labels are equal texts.
    static func labels(_ dimensions: [(String, String)]) -> String {
        dimensions.sorted { $0.0 < $1.0 }
            .map { "\(MetricName.sanitized($0.0))=\"\($0.1.escaped(quotes: true))\"" }
            .joined(separator: ",")
    }

    private static func number(_ value: Double) -> String {
        if value == .infinity { return "+Inf" }
        if value == -.infinity { return "-Inf" }
        if value.isNaN { return "NaN" }
        return Int64(exactly: value).map(String.init) ?? String(value)
    }
}

extension String {
    fileprivate func escaped(quotes: Bool) -> String {
        guard utf8.contains(where: { $0 == UInt8(ascii: "\\") || $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\"") })
        else { return self }
        var result = ""
        for character in unicodeScalars {
            switch character {
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\"" where quotes: result += "\\\""
            default: result.unicodeScalars.append(character)
            }
        }
        return result
    }
}
