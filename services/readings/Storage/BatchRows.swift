import Postgres

/// The rows of `readings.batches`, each of which goes once its batch is both published and taken note of for the rollups.
///
/// Whoever is the second deletes it: either first says that its own part is done, which locks the row, and then sees what
/// the other has said. Rows are locked in the order of their ids, so that two who have several in common cannot wait for
/// each other in a circle.
enum BatchRows {
    static func published(_ ids: [Int64]) -> [SQL] {
        [
            "UPDATE readings.batches SET is_published = true \(locked(ids))",
            "DELETE FROM readings.batches WHERE id = ANY(\(ids)) AND is_noted",
        ]
    }

    static func noted(_ ids: [Int64]) -> [SQL] {
        [
            "UPDATE readings.batches SET is_noted = true \(locked(ids))",
            "DELETE FROM readings.batches WHERE id = ANY(\(ids)) AND is_published",
        ]
    }

    private static func locked(_ ids: [Int64]) -> SQL {
        """
        FROM (SELECT id FROM readings.batches WHERE id = ANY(\(ids)) ORDER BY id FOR UPDATE) AS locked
        WHERE batches.id = locked.id
        """
    }
}
