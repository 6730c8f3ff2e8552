/// The addresses that begin with the same bits: `192.168.1.0/24` (RFC 4632), `2001:db8::/32` (RFC 4291 section 2.3).
public struct AddressRange: Sendable, Hashable {
    /// The first of them.
    public let first: IPAddress
    /// How many bits they share.
    public let length: Int

    /// Whether `address` is one of them; one of the other family never is.
    public func contains(_ address: IPAddress) -> Bool {
        guard address.bytes.count == first.bytes.count else { return false }
        return (0..<first.bytes.count).allSatisfy { index in
            let mask = mask(at: index)
            return address.bytes[index] & mask == first.bytes[index] & mask
        }
    }

    /// The shared bits of the byte at `index`.
    private func mask(at index: Int) -> UInt8 {
        UInt8(truncatingIfNeeded: 0xff00 >> min(8, max(0, length - 8 * index)))
    }
}

extension AddressRange: LosslessStringConvertible {
    /// Reads an address, a slash and a number of bits, or an address alone, which is a range of one. Bits behind the
    /// shared ones must be zero: else it is not clear which range was meant.
    public init?(_ description: String) {
        let parts = description.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let text = parts.first, let address = IPAddress(String(text)) else { return nil }
        let bits = address.bytes.count * 8
        var length = bits
        if parts.count == 2 {
            guard let number = Self.length(in: parts[1]), number <= bits else { return nil }
            length = number
        }
        self.init(first: address, length: length)
        guard address.bytes.indices.allSatisfy({ address.bytes[$0] & ~mask(at: $0) == 0 }) else { return nil }
        // Written as IPv6 it is a range of IPv4, as which its addresses come.
        if address.isMapped, length >= 96 { self.init(first: address.unmapped, length: length - 96) }
    }

    /// A number as it is written, without sign or leading zeros.
    private static func length(in text: Substring) -> Int? {
        guard let number = Int(text), String(number) == text, number >= 0 else { return nil }
        return number
    }

    public var description: String { "\(first)/\(length)" }
}
