// Tells of what a month costs; it stops nothing.

@description('Name of the budget.')
@minLength(1)
@maxLength(63)
param name string

@description('What a month may cost, in the subscription\'s currency.')
@minValue(0)
@maxValue(1000000)
param amount int

@description('First day of the first month, yyyy-MM-01; it cannot be changed afterwards.')
@minLength(10)
@maxLength(10)
param startDate string

@description('Who is told.')
@minLength(1)
@maxLength(512)
param actionGroupId string

resource budget 'Microsoft.Consumption/budgets@2023-11-01' = {
  name: name
  properties: {
    category: 'Cost'
    amount: amount
    timeGrain: 'Monthly'
    timePeriod: { startDate: startDate }
    notifications: {
      spentFourFifths: {
        enabled: true
        operator: 'GreaterThanOrEqualTo'
        threshold: 80
        thresholdType: 'Actual'
        contactEmails: []
        contactGroups: [actionGroupId]
      }
      willBeSpent: {
        enabled: true
        operator: 'GreaterThanOrEqualTo'
        threshold: 100
        thresholdType: 'Forecasted'
        contactEmails: []
        contactGroups: [actionGroupId]
      }
    }
  }
}
