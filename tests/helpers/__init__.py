"""What several tests share: homes, accounts, words for what users do."""
