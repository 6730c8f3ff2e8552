import TestKit

/// Bodies that nobody meant to send, made from ones that are meant: the same ones for the same seed.
struct Fuzz: RandomNumberGenerator {
    private var numbers: SplitMix64

    init(seed: UInt64) {
        numbers = SplitMix64(seed: seed)
    }

    mutating func next() -> UInt64 { numbers.next() }

    /// - Parameter bodies: Valid ones, none of them empty.
    mutating func body(from bodies: [String]) -> [UInt8] {
        let valid = Array(bodies[Int.random(in: 0..<bodies.count, using: &self)].utf8)
        switch Int.random(in: 0..<7, using: &self) {
        case 0: return bytes(upTo: 200)
        case 1: return Array(valid.prefix(Int.random(in: 0..<valid.count, using: &self)))
        case 2: return mutated(valid)
        case 3: return inserting(nesting(), into: valid)
        // What is there twice are keys, among others.
        case 4: return inserting(Array(valid[range(in: valid)]), into: valid)
        case 5: return replacingNumbers(in: valid)
        default:
            var shorter = valid
            shorter.removeSubrange(range(in: valid))
            return shorter
        }
    }

    private mutating func bytes(upTo count: Int) -> [UInt8] {
        (0..<Int.random(in: 0...count, using: &self)).map { _ in UInt8.random(in: .min ... .max, using: &self) }
    }

    private mutating func mutated(_ valid: [UInt8]) -> [UInt8] {
        var result = valid
        for _ in 0..<Int.random(in: 1...3, using: &self) {
            result[Int.random(in: 0..<result.count, using: &self)] = .random(in: .min ... .max, using: &self)
        }
        return result
    }

    private mutating func nesting() -> [UInt8] {
        let depth = Int.random(in: 1...100, using: &self)
        let (open, close) = Bool.random(using: &self) ? ("[", "]") : (#"{"a":"#, "}")
        let middle = Bool.random(using: &self) ? "1" : ""
        return Array((String(repeating: open, count: depth) + middle + String(repeating: close, count: depth)).utf8)
    }

    private mutating func inserting(_ piece: [UInt8], into valid: [UInt8]) -> [UInt8] {
        let place = Int.random(in: 0...valid.count, using: &self)
        return Array(valid[..<place]) + piece + valid[place...]
    }

    /// Other digits in the place of every run of them, so that what is read is mostly a number that nobody chose.
    private mutating func replacingNumbers(in valid: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        var wasDigit = false
        for byte in valid {
            let isDigit = (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
            if isDigit, !wasDigit {
                let value = Double(bitPattern: next())
                let texts = [
                    "\(value.isFinite ? abs(value) : 0)", "\(next())", "\(next() % 100).\(next())", "\(byte)e\(byte)",
                ]
                result += Array(texts[Int.random(in: 0..<texts.count, using: &self)].utf8)
            }
            if !isDigit { result.append(byte) }
            wasDigit = isDigit
        }
        return result
    }

    private mutating func range(in valid: [UInt8]) -> Range<Int> {
        let ends = [Int.random(in: 0...valid.count, using: &self), Int.random(in: 0...valid.count, using: &self)]
        return min(ends[0], ends[1])..<max(ends[0], ends[1])
    }
}

/// JSON with the exponents of its numbers cut to a digit: Foundation refuses numbers beyond binary64, which are JSON
/// nevertheless.
func withoutLargeExponents(_ json: [UInt8]) -> [UInt8] {
    var result: [UInt8] = []
    var isInString = false
    var isEscaped = false
    /// How many digits the exponent under way has; nil outside of one.
    var digits: Int?
    for byte in json {
        switch byte {
        case UInt8(ascii: "\""):
            if !isEscaped { isInString.toggle() }
            digits = nil
        case UInt8(ascii: "e"), UInt8(ascii: "E"): digits = isInString ? nil : 0
        case UInt8(ascii: "+"), UInt8(ascii: "-"): if digits != 0 { digits = nil }
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digits = digits.map { $0 + 1 }
        default: digits = nil
        }
        isEscaped = isInString && byte == UInt8(ascii: "\\") && !isEscaped
        if (digits ?? 0) <= 1 { result.append(byte) }
    }
    return result
}
