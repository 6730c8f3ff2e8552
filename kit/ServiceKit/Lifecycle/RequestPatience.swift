import Postgres

extension PostgresClient {
    /// The ``patience`` of whatever answers a request: well below the 30 s after which the gateway answers instead, so
    /// that a database that stands still is told from a service that does.
    public static let requestPatience = Duration.seconds(10)
}
