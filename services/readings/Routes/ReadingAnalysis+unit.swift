import FoundationEssentials
import HTTPKit

extension ReadingAnalysis {
    /// The unit in which an answer is asked for (`unit`), into which all series of the filter convert; nil where none is.
    ///
    /// - Throws: 422, ``UnitMismatch``, `PostgresError`.
    func unit(
        _ query: QueryParameters, for filter: SeriesFilter, organization: UUID
    ) async throws -> MeasurementUnit? {
        guard let symbol = query["unit"] else { return nil }
        guard symbol.utf8.count <= ReadingLimits.unitBytes, !symbol.utf8.contains(where: { $0 < 0x20 }) else {
            throw Problem.invalid(
                "unit", "must be 1 to \(ReadingLimits.unitBytes) bytes without control characters")
        }
        let unit = MeasurementUnit(symbol)
        try await check(unit, suits: filter, organization: organization)
        return unit
    }
}
