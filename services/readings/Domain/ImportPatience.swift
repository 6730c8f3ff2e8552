/// How long an import waits for its organization to be allowed further readings.
///
/// Nothing of the body is read meanwhile, and the gateway ends a request whose body stands still for a minute, or whose
/// answer is not there two minutes after its body.
struct ImportPatience {
    /// At once.
    private static let longest = Duration.seconds(45)
    /// In all.
    private var left = Duration.seconds(90)

    /// Whether it waits for so long, which is then taken from what is left.
    mutating func take(_ wait: Duration) -> Bool {
        guard wait <= min(Self.longest, left) else { return false }
        left -= wait
        return true
    }
}
