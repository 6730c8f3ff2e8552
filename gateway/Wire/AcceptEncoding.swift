import HTTPWire

extension RequestHead {
    /// Whether the client takes gzip (RFC 9110 §12.5.3): by its name or, where it is not named, by `*`.
    func acceptsGzip(_ bytes: Span<UInt8>) -> Bool {
        var byName: Bool?
        var others = false
        for field in fields where bytes.matches("accept-encoding", at: field.name) {
            var rest = field.value
            while let member = bytes.nextListMember(&rest) {
                let end = bytes.index(of: ASCII.semicolon, in: member) ?? member.upperBound
                let coding = bytes.trimmed(member.lowerBound..<end)
                let isWanted = !Self.isUnwanted(bytes, end..<member.upperBound)
                if bytes.matches("gzip", at: coding) || bytes.matches("x-gzip", at: coding) {
                    byName = byName == true || isWanted
                } else if bytes.matches("*", at: coding) {
                    others = isWanted
                }
            }
        }
        return byName ?? others
    }

    /// Whether the weight at `range`, which begins with its semicolon, is 0, `0.` or `0.000`.
    private static func isUnwanted(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
        guard !range.isEmpty else { return false }
        let weight = bytes.trimmed(range.lowerBound + 1..<range.upperBound)
        guard bytes.hasPrefix("q=", at: weight), weight.count > 2 else { return false }
        for index in weight.dropFirst(2) where bytes[index] != ASCII.zero && bytes[index] != ASCII.dot { return false }
        return true
    }
}
