import Postgres

/// Where the rows of a batch are in the primary key: for each series and day the first and the last time.
///
/// By day, since one old row beside a new one would else be a range of years, full of rows of other batches.
struct KeyRanges: Sendable {
    private(set) var seriesIDs: [Int64] = []
    private(set) var firstTimes: [Timestamp] = []
    private(set) var lastTimes: [Timestamp] = []

    /// - Parameters:
    ///   - seriesIDs: Of the rows, in the order of their key.
    ///   - times: Beside them.
    init(seriesIDs rows: [Int64], times: [Timestamp]) {
        for (series, time) in zip(rows, times) {
            if series == seriesIDs.last, let last = lastTimes.last,
                UTCDay.of(last.microseconds) == UTCDay.of(time.microseconds)
            {
                lastTimes[lastTimes.count - 1] = time
            } else {
                seriesIDs.append(series)
                firstTimes.append(time)
                lastTimes.append(time)
            }
        }
    }
}
