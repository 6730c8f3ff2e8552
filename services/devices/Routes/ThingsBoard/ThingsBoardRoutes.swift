import HTTPKit
import Hummingbird

/// What the routes have in common that are as ThingsBoard's HTTP device API
/// (https://thingsboard.io/docs/reference/http-api/), so that a board which was programmed for it needs another host and
/// token only.
///
/// The token in the path is the device's key, and the caller's credential; it is in no log and no answer. Nothing is
/// kept for these routes: attributes are the configuration, as it is to be and as the device reports it, and an RPC is a
/// command.
enum ThingsBoard {
    static let root = "/api/v1/{token}"
    private static let defaultPatience = 60_000
    private static let maximumPatience = 300_000

    /// How long a poll waits: `timeout`, in milliseconds, where 0 stands for a minute.
    ///
    /// - Throws: 422 for more than five minutes.
    static func patience(of request: Request) throws(Problem) -> Duration {
        let timeout = try request.query().value("timeout", in: 0...maximumPatience) ?? 0
        return .milliseconds(timeout == 0 ? defaultPatience : timeout)
    }

    /// 408, as there, to a poll that nothing came for.
    static let nothingCame = Problem(.requestTimeout, "Nothing came while the poll waited.")
}
