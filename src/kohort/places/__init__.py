"""Where people are: communes, cells, stores, zones, the countries of IP addresses, and tables joined by place."""
