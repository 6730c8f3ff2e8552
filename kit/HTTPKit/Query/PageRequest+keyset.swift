import Postgres

extension PageRequest where Key: PostgresScalar {
    /// The end of a statement that lists by a unique column, behind its WHERE: `AND id < $1 ORDER BY id DESC LIMIT $2`.
    public func keyset(by column: SQL = "id") -> SQL {
        switch (order, after) {
        case (.ascending, nil): "ORDER BY \(column) LIMIT \(fetchLimit)"
        case (.ascending, let key?): "AND \(column) > \(key) ORDER BY \(column) LIMIT \(fetchLimit)"
        case (.descending, nil): "ORDER BY \(column) DESC LIMIT \(fetchLimit)"
        case (.descending, let key?): "AND \(column) < \(key) ORDER BY \(column) DESC LIMIT \(fetchLimit)"
        }
    }
}
