import HTTPWire

extension RequestHead {
    /// Whether the client asks for what differs from a weak entity tag (RFC 9110 §13.1.2).
    func hasWeakTag(_ bytes: Span<UInt8>) -> Bool {
        for field in fields where bytes.matches("if-none-match", at: field.name) {
            var rest = field.value
            while let tag = bytes.nextListMember(&rest) {
                if bytes.hasPrefix("w/", at: tag) { return true }
            }
        }
        return false
    }
}
