/// The straight line through values over time for which the squares of the distances are least.
///
/// It is made from sums over centred times and values, as PostgreSQL's `regr_sxx`, `regr_sxy` and `regr_syy` form them
/// (by Youngs and Cramer's updating, "Some Results Relevant to Choice of Sum and Sum-of-Product Algorithms",
/// Technometrics 13, 1971), so that large times and values with small differences lose no digits.
/// Formulas: Draper and Smith, "Applied Regression Analysis", 3rd edition, sections 1.2 to 1.4. The confidence interval
/// takes the distances from the line for independent of each other and normally distributed.
struct LinearTrend: Sendable {
    /// Per unit of time.
    let slope: Double
    /// The half of the slope's 95 % confidence interval; nil for fewer than three values.
    let margin: Double?
    /// The part of the variation that the line explains, from 0 to 1; 1 where there is none.
    let determination: Double

    /// Nil where no line is the best one: for fewer than two times, or differences beyond what can be computed.
    ///
    /// - Parameters:
    ///   - count: Of values.
    ///   - groups: So many groups of values have levels of their own; the sums are over all groups, of differences from
    ///     the means of the group.
    ///   - xx: Sum of the squares of the times' differences from their mean.
    ///   - xy: Sum of the products of both.
    ///   - yy: Sum of the squares of the values' differences from their mean.
    init?(count: Int, groups: Int = 1, xx: Double, xy: Double, yy: Double) {
        guard count > groups, xx > 0, (xy / xx).isFinite, yy == 0 || (xy / yy).isFinite else { return nil }
        slope = xy / xx
        determination = yy == 0 ? 1 : min(1, slope * (xy / yy))
        let degrees = count - groups - 1
        guard degrees > 0 else {
            margin = nil
            return
        }
        let error = (yy * (1 - determination) / Double(degrees) / xx).squareRoot()
        margin = StudentDistribution.quantile95(degrees: degrees) * error
    }

    private init(slope: Double, margin: Double?, determination: Double) {
        (self.slope, self.margin, self.determination) = (slope, margin, determination)
    }

    /// The line through the values times `factor`, which is positive.
    func scaled(by factor: Double) -> LinearTrend {
        LinearTrend(slope: slope * factor, margin: margin.map { $0 * factor }, determination: determination)
    }
}
