import FoundationEssentials
import HTTPKit
import Kernel

/// The bounds that single devices have of their own, as they are typed: a device a line, by its name or id, such as
/// `Freezer 3: 8`, `Freezer 3: 2 8` with two bounds, and `Freezer 3: 8 clear 6` with a value to come back to.
struct OverrideLines: Sendable {
    private let lines: [(number: Int, text: Substring)]

    init(_ text: String) {
        lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated()
            .map { ($0.offset + 1, $0.element) }.filter { !$0.text.allSatisfy(\.isWhitespace) }
    }

    /// What stands for devices and is no id.
    var names: [String] {
        lines.prefix(RuleInput.mostOverrides).compactMap { Self.split($0.text)?.device }
            .filter { UUID(uuidString: $0) == nil }
    }

    /// - Parameter devices: Those that ``names`` name.
    func documents(_ devices: [DirectoryStore.Entry], _ check: inout Validation) -> [OverrideDocument]? {
        guard !lines.isEmpty else { return nil }
        let byName = Dictionary(grouping: devices, by: \.name)
        var documents: [OverrideDocument] = []
        for (number, line) in lines where !check.isFull {
            guard let (name, words) = Self.split(line), let bounds = Self.bounds(words) else {
                check.reject("overrides", "must have a device, a colon and one or two numbers in line \(number)")
                continue
            }
            let found = UUID(uuidString: name).map { [$0] } ?? (byName[name] ?? []).map(\.id)
            guard let device = found.first, found.count == 1 else {
                check.reject(
                    "overrides",
                    found.isEmpty
                        ? "must name a device in line \(number)"
                        : "must name one device in line \(number), by its id, since several have this name")
                continue
            }
            documents.append(
                OverrideDocument(
                    deviceID: device, thresholdValue: bounds.value, thresholdValueHigh: bounds.high,
                    clearValue: bounds.clearValue))
        }
        return documents
    }

    /// Names may have colons in them.
    private static func split(_ line: Substring) -> (device: String, words: [Substring])? {
        guard let colon = line.lastIndex(of: ":") else { return nil }
        let device = String(line[..<colon]).trimmed
        return device.isEmpty ? nil : (device, line[line.index(after: colon)...].split(whereSeparator: \.isWhitespace))
    }

    private static func bounds(_ words: [Substring]) -> ThresholdOverride? {
        var words = words
        var clearing: Double?
        if let index = words.firstIndex(of: "clear") {
            guard index == words.count - 2, let value = Double(words[index + 1]) else { return nil }
            clearing = value
            words.removeLast(2)
        }
        let numbers = words.compactMap { Double($0) }
        guard numbers.count == words.count, (1...2).contains(numbers.count) else { return nil }
        return ThresholdOverride(
            value: numbers[0], high: numbers.count == 2 ? numbers[1] : nil, clearValue: clearing)
    }

    /// The lines that stand for bounds; devices without a name go by their ids.
    static func text(of overrides: [UUID: ThresholdOverride], names: [UUID: String]) -> String {
        overrides.map { device, own in
            let numbers = [own.value, own.high].compactMap(\.self).map(\.shortest).joined(separator: " ")
            let clearing = own.clearValue.map { " clear \($0.shortest)" } ?? ""
            return "\(names[device] ?? device.text): \(numbers)\(clearing)"
        }.sorted().joined(separator: "\n")
    }
}
