// For trying things out: one app, tables in the storage account, no instance that is always there. Idle, it still costs some
// 30 USD a month at list prices; computed, never measured. outbox_relay and payments_resolve look every 10 and 15 seconds,
// 440,000 executions a month, each billed for a second of 2 GB at least: 20 USD beyond what is free, and 1 to 2 USD for
// what they read of the tables. Service Bus Standard has a base price of about 10 USD. The availability test, the alert
// rules and the logs come on top.
using '../main.bicep'

param environmentName = 'dev'
param location = readEnvironmentVariable('LOCATION', '')
param tags = { costCentre: 'development' }

param topology = 'singleApp'
param network = 'none'
param messagingSku = 'Standard'
param maximumInstanceCount = 40
param logLevel = 'debug'
param logDailyCapGb = 1
param backlogAlertMessages = 10

param tokenIssuer = readEnvironmentVariable('TOKEN_ISSUER')
param tokenAudience = readEnvironmentVariable('TOKEN_AUDIENCE')
param tokenJwksUrl = readEnvironmentVariable('TOKEN_JWKS_URL')
param tossSecretKey = readEnvironmentVariable('TOSS_SECRET_KEY', '')
param tossClientKey = readEnvironmentVariable('TOSS_CLIENT_KEY', '')
param webClientId = readEnvironmentVariable('WEB_CLIENT_ID', '')
param webScope = readEnvironmentVariable('WEB_SCOPE', '')

param alertEmail = readEnvironmentVariable('ALERT_EMAIL', '')
param budgetAmount = 50
param budgetStartDate = readEnvironmentVariable('BUDGET_START_DATE', '')
param operatorPrincipalId = readEnvironmentVariable('OPERATOR_PRINCIPAL_ID', '')
param deployerPrincipalId = readEnvironmentVariable('DEPLOYER_PRINCIPAL_ID', '')
