import Postgres

/// The rows of `readings.batches`, each of which goes once its batch is both published and taken note of for the rollups.
///
/// Whoever is the second deletes it. Either locks the rows before it looks at what the other has said, and in the order of
/// their ids, so that two who have several in common cannot wait for each other in a circle.
enum BatchRows {
    static func published(_ ids: [Int64]) -> SQL {
        done(ids, own: "is_published", other: "is_noted")
    }

    static func noted(_ ids: [Int64]) -> SQL {
        done(ids, own: "is_noted", other: "is_published")
    }

    private static func done(_ ids: [Int64], own: SQL, other: SQL) -> SQL {
        """
        WITH locked AS (
            SELECT id, \(other) AS is_last FROM readings.batches WHERE id = ANY(\(ids)) ORDER BY id FOR UPDATE
        ), deleted AS (
            DELETE FROM readings.batches USING locked WHERE batches.id = locked.id AND is_last
        )
        UPDATE readings.batches SET \(own) = true FROM locked WHERE batches.id = locked.id AND NOT is_last
        """
    }
}
