import Postgres

/// How a session is kept, and for how long.
enum SessionTerms: Sendable, Hashable, CaseIterable {
    /// By access tokens and a refresh token.
    case api
    /// By a cookie, for an hour after it was last used.
    case browser
    /// By a cookie that outlives the browser.
    case rememberedBrowser

    /// How long an access token lives.
    static let accessTokenLifetime = Duration.seconds(15 * 60)

    /// How long what keeps the session lives, unless it is renewed: the refresh token or the cookie.
    var lifetime: Duration {
        switch self {
        case .api, .rememberedBrowser: .seconds(30 * 24 * 3600)
        case .browser: .seconds(3600)
        }
    }

    /// How long anything that keeps a session may live.
    static var longestLifetime: Duration { rememberedBrowser.lifetime }

    /// The terms of a cookie that was issued for that long.
    init(cookieLifetime: Duration) {
        self = cookieLifetime > SessionTerms.browser.lifetime * 2 ? .rememberedBrowser : .browser
    }
}
