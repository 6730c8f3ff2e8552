import NIOCore
import Yams

/// One value of the gateway's file: every error of reading it names its place.
struct FileValue {
    let node: Node
    let environment: Environment

    /// Looks up what stands in `${…}`.
    typealias Environment = (String) -> String?

    /// The error of this value; it names the variables that the value comes from.
    func error(_ message: String) -> GatewayFileError {
        var message = message
        if let text = node.scalar?.string, text.contains("${") { message += "; the value comes from \(text)" }
        return GatewayFileError(line: node.mark?.line, column: node.mark?.column, message: message)
    }

    // MARK: Structure

    /// The members of a mapping, in their order.
    func members() throws(GatewayFileError) -> [(key: String, value: FileValue)] {
        guard let mapping = node.mapping else { throw error("expected settings, one a line, as 'name: value'") }
        return mapping.map { ($0.key.string ?? "", FileValue(node: $0.value, environment: environment)) }
    }

    /// The members of a mapping whose names are known.
    func members(of known: [String]) throws(GatewayFileError) -> [String: FileValue] {
        var members: [String: FileValue] = [:]
        for (key, value) in try self.members() {
            guard known.contains(key) else {
                throw value.error("unknown setting '\(key)'; known here: \(known.joined(separator: ", "))")
            }
            members[key] = value
        }
        return members
    }

    func elements() throws(GatewayFileError) -> [FileValue] {
        guard let sequence = node.sequence else { throw error("expected a list") }
        return sequence.map { FileValue(node: $0, environment: environment) }
    }

    // MARK: Values

    /// The text, with every `${NAME}` and `${NAME:-default}` put in from the environment.
    func string() throws(GatewayFileError) -> String {
        guard let text = node.scalar?.string else { throw error("expected a single value") }
        var result = ""
        var rest = text[...]
        while let start = rest.range(of: "${") {
            guard let end = rest[start.upperBound...].range(of: "}") else { throw error("'${' without '}'") }
            result += rest[..<start.lowerBound]
            let reference = rest[start.upperBound..<end.lowerBound]
            let separator = reference.range(of: ":-")
            let name = String(reference[..<(separator?.lowerBound ?? reference.endIndex)])
            if let value = environment(name), !value.isEmpty {
                result += value
            } else if let separator {
                result += reference[separator.upperBound...]
            } else {
                throw error("the environment has no \(name), and there is no default")
            }
            rest = rest[end.upperBound...]
        }
        return result + rest
    }

    func int(in range: ClosedRange<Int>) throws(GatewayFileError) -> Int {
        let text = try string()
        guard let value = Int(text), range.contains(value) else {
            throw error("'\(text)' is not a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }

    func bool() throws(GatewayFileError) -> Bool {
        switch try string() {
        case "true": return true
        case "false": return false
        case let text: throw error("'\(text)' is neither true nor false")
        }
    }

    /// A number of something a second that is more than 0.
    func rate() throws(GatewayFileError) -> Double {
        let text = try string()
        guard let value = Double(text), value > 0, value.isFinite else {
            throw error("'\(text)' is not a number above 0")
        }
        return value
    }

    /// `250ms`, `2s`, `5m` or `1h`.
    func duration() throws(GatewayFileError) -> TimeAmount {
        let text = try string()
        let digits = text.prefix(while: \.isNumber)
        guard let value = Int64(digits), value > 0, value <= 1_000_000 else {
            throw error("'\(text)' is not a duration such as 250ms, 2s, 5m or 1h")
        }
        switch text.dropFirst(digits.count) {
        case "ms": return .milliseconds(value)
        case "s": return .seconds(value)
        case "m": return .minutes(value)
        case "h": return .hours(value)
        default: throw error("'\(text)' is not a duration such as 250ms, 2s, 5m or 1h")
        }
    }

    /// Bytes: `512`, `8KiB`, `1MiB`.
    func size() throws(GatewayFileError) -> Int {
        let text = try string()
        let digits = text.prefix(while: \.isNumber)
        guard let value = Int(digits), value > 0, value < 1 << 40 else {
            throw error("'\(text)' is not a size such as 512, 8KiB or 1MiB")
        }
        switch text.dropFirst(digits.count) {
        case "": return value
        case "KiB": return value << 10
        case "MiB": return value << 20
        case "GiB": return value << 30
        default: throw error("'\(text)' is not a size such as 512, 8KiB or 1MiB")
        }
    }
}
